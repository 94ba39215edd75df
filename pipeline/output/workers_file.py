"""`workers.json`: what each worker of a run is at, and when it was last heard of; for `status`."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.atomic_files import replace_atomically

NAME = "workers.json"


def write_workers(output: Path, workers: list[dict[str, Any]]) -> None:
    """Write it anew, as `Flow.workers_json` gives it; no run ends because it cannot be written."""
    with suppress(OSError), replace_atomically(output / NAME) as temporary:
        temporary.write_text(json.dumps({"time": time.time(), "workers": workers}), encoding="utf-8")
