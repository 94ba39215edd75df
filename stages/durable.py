"""Files that are whole or not there: written beside their place, flushed to disk, renamed.

The module imports nothing of ours, so that every room may write in the one way.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; when the context ends without an exception, the file is at `path`.

    A process killed at any instant, or a power cut, leaves the old file or the new one, never a part.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        put_in_place(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
