"""Getting public checkpoints from where their publishers offer them, into the weights folder.

A download goes to `NAME.part` beside its place, and gets its name only when it is whole, hashed and on the disk. A lock
lets several processes that want one file get it once.
"""

from pathlib import Path

from filelock import FileLock

from common.atomic_files import put_in_place
from common.errors import CheckpointError
from weights.drive_download import fetch_drive
from weights.file_kinds import not_a_checkpoint
from weights.hashes import verify_hash
from weights.http_download import fetch_http
from weights.partial_download import NO_ROOM, ProgressCallback, discard, notes_of, size_of
from weights.store import Stored, sha256


def download(stored: Stored, on_progress: ProgressCallback = lambda here, total: None) -> Path:
    """Get one file of the registry, unless it is here.

    Args:
        stored: which file; `weights.store.list_models` has them.
        on_progress: called with the bytes that are here and the bytes in all (None while unknown).

    Returns:
        The file that is loaded from now on. Another process that fetches it at the same time is waited for.

    Raises:
        CheckpointError: no network, no such file, a server that fails again and again, a file that is not the
            published one, no room on the disk. Each with what to do, and where it helps, the way to get it by hand.
    """
    target, part = stored.path, stored.path.with_name(f"{stored.path.name}.part")
    if stored.origin is None:
        if not stored.present:
            raise CheckpointError(f"{target} is missing. {stored.by_hand}")
        return stored.usable
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.guard")):
            if stored.present:
                if target.is_file():
                    expect_published(stored)
                return stored.usable
            if stored.origin.kind == "drive":
                found = fetch_drive(stored, part, on_progress)
            else:
                found = fetch_http(stored, part, on_progress)
            if stored.published_sha256 and found != stored.published_sha256:
                discard(part)
                raise CheckpointError(
                    f"{stored.source}: expected {stored.published_sha256} as published, found {found}; "
                    f"it was not kept. Try again later. {stored.by_hand}"
                )
            if wrong := not_a_checkpoint(part):
                discard(part)
                raise CheckpointError(f"{stored.source}: what came is {wrong} It was not kept. {stored.by_hand}")
            put_in_place(part, target)
            notes_of(part).unlink(missing_ok=True)
    except OSError as error:  # the disk's: what the network raises is a _Cut by now
        raise _disk_error(stored, part, error) from error
    return target


def expect_published(stored: Stored) -> None:
    """Hold a file that is here already to the size and the hash that are published of it.

    Raises:
        CheckpointError: it has another.
    """
    size = size_of(stored.path)
    if stored.published_size not in (None, size):
        raise CheckpointError(
            f"{stored.path}: expected {stored.published_size:,} bytes as published, found {size:,}. "
            "Remove the file and fetch it again."
        )
    if stored.origin is None and stored.published_sha256 not in ("", found := sha256(stored.path)):
        raise CheckpointError(f"{stored.path}: expected {stored.published_sha256}, found {found}. {stored.by_hand}")
    if stored.origin is not None and stored.published_sha256:
        verify_hash(stored.path, stored.published_sha256)


def _disk_error(stored: Stored, part: Path, error: OSError) -> CheckpointError:
    """What to say of a disk that fails; where it is full, what was half-written goes."""
    folder = stored.path.parent
    if error.errno in NO_ROOM:
        discard(part)
        return CheckpointError(
            f"{stored.path.name}: no room in {folder} ({error.strerror}); nothing of it was kept. "
            "Make room, or set $MICROMOTION_WEIGHTS to another folder."
        )
    return CheckpointError(
        f"{stored.path.name}: {folder} cannot be written ({error.strerror or error}). "
        "Set $MICROMOTION_WEIGHTS to a folder of yours."
    )
