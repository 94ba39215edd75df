"""Verify a checkpoint's hash: the published one, or the one that its first load recorded.

Few publishers of weights state a hash. So the first load that succeeds writes one into `weights.lock` beside the files,
and every later load is compared with it: a file that changed under its name is noticed. Hashing a gigabyte at every
load would be slow, so size and time of change are recorded too, and a file is hashed again only if one of them differs.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from common.atomic_files import replace_atomically
from common.errors import CheckpointError
from weights.store import sha256

NAME = "weights.lock"


@dataclass(frozen=True)
class HashRecord:
    """What is known of a file.

    Attributes:
        sha256: `sha256:…` of its bytes.
        size: its bytes.
        mtime_ns: its time of change, in nanoseconds, when it was hashed last.
        when: when this hash was recorded first, UTC.
    """

    sha256: str
    size: int
    mtime_ns: int
    when: str


def verify_hash(path: Path, published_sha256: str = "", *, hash_again: bool = False) -> str:
    """Hold a file to the hash that is known of it, and record its hash if none is.

    Call it once the file has shown itself to be what it should be: it is the first verified load that records.

    Args:
        path: a file of the weights folder.
        published_sha256: `sha256:…` as its publisher states it; goes before the recorded one. Empty if none.
        hash_again: read the file whatever its size and time of change say.

    Returns:
        `sha256:…` of the file.

    Raises:
        CheckpointError: it is not the file that was published or recorded, or `weights.lock` cannot be read.
    """
    state = path.stat()
    record = read_lock(path.parent).get(path.name)
    expected = published_sha256 or (record.sha256 if record else "")
    unchanged = record is not None and (record.size, record.mtime_ns) == (state.st_size, state.st_mtime_ns)
    if record is not None and unchanged and record.sha256 == expected and not hash_again:
        return expected
    found = sha256(path)
    if published_sha256 and found != published_sha256:
        raise CheckpointError(
            f"{path}: expected {expected} as published, found {found}. Remove the file and get it again."
        )
    if record is not None and not published_sha256 and found != record.sha256:
        raise CheckpointError(
            f"{path}: expected {expected} as recorded on {record.when[:10]}, found {found}. Get the file again; "
            f"if it was replaced on purpose, take its entry out of {path.with_name(NAME)}."
        )
    when = record.when if record and record.sha256 == found else datetime.now(UTC).isoformat(timespec="seconds")
    made = HashRecord(found, state.st_size, state.st_mtime_ns, when)
    if made != record:
        _write(path, made, needed=record is None and not published_sha256)
    return found


def read_lock(folder: Path) -> Mapping[str, HashRecord]:
    """What is recorded of a folder's files, by their names.

    Raises:
        CheckpointError: `weights.lock` cannot be read.
    """
    path = folder / NAME
    try:
        return {name: HashRecord(**fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}). Remove it, and the files' hashes are recorded again."
        ) from error


def _write(path: Path, record: HashRecord, needed: bool) -> None:
    """Put one record into the lock file; where the folder cannot be written, warn if the record was needed."""
    place = path.with_name(NAME)
    try:
        with FileLock(place.with_name(f".{NAME}.guard")):
            records = {**read_lock(path.parent), path.name: record}
            text = json.dumps({name: asdict(records[name]) for name in sorted(records)}, indent=2)
            with replace_atomically(place) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        if needed:
            warnings.warn(
                f"{place} cannot be written ({error.strerror}): a later change of {path.name} would not be noticed.",
                stacklevel=3,
            )
