"""The target flow with tiny stages: as a fixture of the tests, and as a whole run of its own.

`python tiny_run.py OUTPUT PICTURES SECONDS` makes the "videos" of a folder of images.
"""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.cluster.session import ray_session
from pipeline.cluster.sizing import plan_workers
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.output.lock import OutputLock
from pipeline.run.counts import RowCounts
from pipeline.run.outcomes import Outcomes
from pipeline.run.retries import failures_to_keep
from pipeline.run.signals import Interruption
from pipeline.run.videos import TargetFlow
from tests.pipeline.tiny_stages import DIGESTS, TinyPrepare, TinyProduce, TinySettings


def rows_of(pictures: Path) -> pa.Table:
    """A manifest of all files in a folder."""
    files = sorted(pictures.iterdir())
    return pa.table(
        {
            "order": pa.array(range(len(files)), pa.int64()),
            "id": [file.stem for file in files],
            "image": [str(file) for file in files],
            "motion": ["smile"] * len(files),
            "strength": [1.0] * len(files),
        }
    )


def flow(
    output: Path,
    rows: pa.Table,
    counts: RowCounts,
    ledger: Ledger,
    events: EventLog,
    nodes: list[Any],
    seconds: float,
    **others: Any,
) -> TargetFlow:
    """The target flow as `pipeline.run.run` builds it, with these stages."""
    (output / "videos").mkdir(parents=True, exist_ok=True)
    (output / "made").mkdir(exist_ok=True)
    done = ledger.done()
    failed = failures_to_keep(ledger, None)
    settings = TinySettings(str(output), done | failed.keys(), seconds)
    return TargetFlow(
        Outcomes(rows, counts, ledger, events, DIGESTS, failed),
        detect=(TinyPrepare, settings),
        render=(TinyProduce, settings),
        layout=plan_workers(nodes, 1000),
        stall_timeout=120.0,
        **others,
    )


def main(output: Path, pictures: Path, seconds: float) -> None:
    """Make what is not made yet; ends with 130 when interrupted."""
    output.mkdir(parents=True, exist_ok=True)
    rows = rows_of(pictures)
    interruption = Interruption()
    counts = RowCounts([None] * rows.num_rows)
    with OutputLock(output), interruption.listening(), EventLog(output / "log.jsonl") as events:
        with Ledger.open(output) as ledger, ray_session(ClusterSpec(), cpus=2) as nodes:
            try:
                with interruption.graceful():
                    targets = flow(output, rows, counts, ledger, events, nodes, seconds)
                    targets.stopping = lambda: interruption.asked
                    targets.run()
                if counts.seen < rows.num_rows:
                    interruption.stop_here()
            except KeyboardInterrupt:
                sys.exit(130)
        print(f"done {counts.done} kept {counts.kept} failed {counts.failed}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
