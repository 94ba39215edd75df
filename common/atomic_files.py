"""Files that are whole or not there: written beside their place, flushed to disk, renamed.

The module imports nothing of ours, so that every room may write in the one way.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROBE_BYTES = 1 << 18


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """A temporary path to write to; when the context ends without an exception, the file is at `path`.

    A process killed at any instant, or a power cut, leaves the old file or the new one, never a part.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        put_in_place(temporary, path)
    except BaseException:
        discard(temporary)
        raise


def discard(temporary: Path) -> None:
    """Remove a file that did not become whole; where even that cannot be done, the next run does it."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Flush a written file to disk, give it its name, and flush the name."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def why_not_writable(folder: Path) -> str:
    """Why nothing can be written into a folder now, in the system's words; empty if it can.

    A quarter of a megabyte is really written: a full disk gives out names long after it gives out room.
    """
    probe = folder / f".probe-{uuid.uuid4().hex}.part"
    try:
        with probe.open("wb") as file:
            file.write(os.urandom(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    finally:
        discard(probe)
    return ""
