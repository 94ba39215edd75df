"""An unfinished download: `NAME.part`, and beside it `NAME.part.json`, which says what it is a part of."""

import errno
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# Bytes that are here, and bytes in all where the server says so.
ProgressCallback = Callable[[int, int | None], None]
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def notes_of(part: Path) -> Path:
    """What is known of the file that an unfinished download is of."""
    return part.with_name(f"{part.name}.json")


def resumable(part: Path, url: str) -> tuple[int, int | None, str]:
    """Bytes that are here, bytes in all, and the server's validator of the file; (0, None, "") to start over."""
    try:
        notes = json.loads(notes_of(part).read_text(encoding="utf-8"))
        have, total, validator = size_of(part), notes["total"], notes["validator"]
        usable = notes["url"] == url and (have == total or (validator and (total is None or have < total)))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0, None, ""
    return (have, total, validator) if usable and have else (0, None, "")


def validator_of(response: Any) -> str:
    """What `If-Range` may name a response's file by: a strong ETag, or the time of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def size_of(path: Path) -> int:
    """Bytes of a file, 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0


def discard(part: Path) -> None:
    """Remove an unfinished download: ours, and what gdown leaves under a name of its own."""
    for path in [part, notes_of(part), *part.parent.glob(f"{part.name}????????.part")]:
        with suppress(OSError):
            path.unlink()
