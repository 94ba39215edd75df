"""`workers.json`: the rows and the last sign of life of each worker of a run; for `status`."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.output.redacted_files import write_json

NAME = "workers.json"


def write_workers(output: Path, workers: list[dict[str, Any]]) -> None:
    """Replace the file, with what `Flow.workers_json` returns; a failure to write it ends no run."""
    with suppress(OSError):
        write_json(output / NAME, {"time": time.time(), "workers": workers})
