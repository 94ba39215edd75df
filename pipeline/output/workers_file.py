"""`workers.json`: what each worker of a run is at, and when it was last heard of; for `status`."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.output.redacted_files import write_json

NAME = "workers.json"


def write_workers(output: Path, workers: list[dict[str, Any]]) -> None:
    """Write it anew, as `Flow.workers_json` gives it; no run ends because it cannot be written."""
    with suppress(OSError):
        write_json(output / NAME, {"time": time.time(), "workers": workers})
