"""Tracebacks of unexpected errors, written to temporary files; the latest few are kept."""

import os
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from pipeline.output.redacted_files import redact_nested

PREFIX, SUFFIX = "micromotion-error-", ".txt"
MOST_KEPT = 10


def write_down(error: BaseException) -> Path:
    """Write an exception's traceback into the temporary folder and remove this account's oldest ones."""
    prefix = f"{PREFIX}{os.getuid() if hasattr(os, 'getuid') else 0}-"
    text = redact_nested("".join(traceback.format_exception(error)))
    with tempfile.NamedTemporaryFile("w", prefix=prefix, suffix=SUFFIX, delete=False, encoding="utf-8") as file:
        file.write(text.encode("utf-8", "backslashreplace").decode())
    path = Path(file.name)
    with suppress(OSError):
        kept = [(one.lstat().st_mtime, one) for one in path.parent.glob(f"{prefix}*{SUFFIX}")]
        for _, old in sorted(kept)[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    return path
