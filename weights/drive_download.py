"""Getting one file from Google Drive, whose way to large files gdown knows."""

import hashlib
from pathlib import Path

from common.errors import CheckpointError
from common.install_hints import install_extra
from weights.http_download import PAUSES, STALL_SECONDS
from weights.partial_download import NO_ROOM, ProgressCallback, discard, size_of
from weights.store import Stored


def fetch_drive(stored: Stored, part: Path, on_progress: ProgressCallback) -> str:
    """Download to `part` from Google Drive.

    Args:
        stored: which file; its origin is a file's number on Google Drive.
        part: where the bytes go.
        on_progress: called with the bytes that are here and the bytes in all.

    Returns:
        `sha256:…` of the whole.

    Raises:
        CheckpointError: gdown is not installed, or Google Drive does not give the file.
        OSError: the disk has no room.
    """
    assert stored.origin is not None
    try:
        import gdown
    except ImportError as error:
        raise CheckpointError(
            f"{stored.path.name}: files on Google Drive need gdown, which is not installed. "
            f"Install it with {install_extra('fetch')}, and fetch again. {stored.by_hand}"
        ) from error
    part.unlink(missing_ok=True)  # gdown would take a file of this name as done; its own unfinished one has another
    digest = hashlib.sha256()
    try:
        gdown.download(
            id=stored.origin.address,
            output=str(part),
            quiet=True,
            use_cookies=False,
            resume=True,
            retries=len(PAUSES),
            timeout=STALL_SECONDS,
            hasher=digest,
            progress=on_progress,
        )
    except Exception as error:  # its own exceptions, and those of requests, which are OSErrors
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f"{stored.path.name}: Google Drive did not give it ({reason}). {stored.by_hand}"
        ) from error
    size = size_of(part)
    if stored.published_size not in (None, size):
        discard(part)
        raise CheckpointError(
            f"{stored.source}: expected {stored.published_size:,} bytes as published, found {size:,}. {stored.by_hand}"
        )
    return f"sha256:{digest.hexdigest()}"
