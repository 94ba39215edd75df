"""The demo from its command to its last video, by the clock.

    python -m benchmarks.speed.demo

| line | peer or limit |
|---|---|
| the whole command; its first video | 60 s; 25 s, on two idle cores |
| the clip's anchors located and inverted, without their workers' start | 10 s |
| render workers at rows, from the first video to the last | all of that time |
| the same command over its finished output | 5 s |
| what `plan` expects of the whole | the whole |

Seconds are of the clock: on a machine that is not idle they tell who else is at work.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed.figures import Row, print_table
from benchmarks.speed.rows import ESTIMATE, JOB
from pipeline.cluster.layout import layout_for, this_machine
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from pipeline.run.cost import START, core_slowness, row_seconds

ROOT = JOB.parents[1]
WHOLE, FIRST, ANCHORS, AGAIN = 60.0, 25.0, 10.0, 5.0  # seconds, wanted at most
BUSY = 0.9  # of the render workers' time, wanted at least

Events = Sequence[dict[str, Any]]


def demo_lines(job: Path = JOB) -> Iterator[Row]:
    """All lines, as they come.

    Raises:
        SystemExit: the command failed.
    """
    with tempfile.TemporaryDirectory(prefix="micromotion-demo-") as folder:
        output = Path(folder) / "out"
        checked = check_job(load_job(job, output=output))
        layout = layout_for(checked, this_machine())
        slowness = core_slowness()
        expected = slowness * (START + len(checked.manifest) * row_seconds(checked) / layout.cores)
        began = time.time()
        whole = _run(job, output)
        events = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
        yield _limited("demo, s", whole, WHOLE)
        yield _limited("demo, first video, s", first_video(events) - began, FIRST)
        yield _limited("demo, anchors, s", anchor_seconds(events), ANCHORS)
        busy = busy_share(events, layout.render.workers)
        yield Row("demo, render workers at rows", f"{busy:.2f}", "all the time 1", busy, BUSY)
        near = min(expected / whole, whole / expected)
        yield Row("plan, demo, s", f"{expected:.0f}", f"demo {whole:.0f}", near, ESTIMATE)
        yield _limited("demo again, nothing to do, s", _run(job, output), AGAIN)


def first_video(events: Events) -> float:
    """When the first row was done, unix seconds."""
    return min(float(event["time"]) for event in events if event["event"] == "row")


def anchor_seconds(events: Events) -> float:
    """Of the passes over a clip's anchors, from each pass's first results on, as if the first had taken as long."""
    total = 0.0
    passes: dict[str, tuple[float, int]] = {}
    for event in events:
        if event["event"] != "phase" or event["phase"] == "videos" or event["total"] in (None, 1):
            continue
        if event["done"] and event["phase"] not in passes:
            passes[event["phase"]] = event["seconds"], event["done"]
        if event["state"] == "finished":
            seconds, done = passes[event["phase"]]
            rest = event["total"] - done
            total += (event["seconds"] - seconds) * event["total"] / rest if rest else event["seconds"]
    return total


def busy_share(events: Events, workers: int) -> float:
    """Of the time between the first video and the last, how much of so many workers' went into rows."""
    rows = [event for event in events if event["event"] == "row"]
    times = [float(event["time"]) for event in rows]
    first, last = min(times), max(times)
    if last <= first:
        return 1.0
    spent = sum(min(float(row["seconds"]), float(row["time"]) - first) for row in rows)
    return spent / (workers * (last - first))


def _limited(name: str, seconds: float, limit: float) -> Row:
    return Row(name, f"{seconds:.1f}", f"limit {limit:g}", limit / seconds, 1.0)


def _run(job: Path, output: Path) -> float:
    """Seconds of the command."""
    started = time.monotonic()
    command = [sys.executable, str(ROOT / "run_batch.py"), "run", str(job), "--output", str(output)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip()[-500:]}")
    return time.monotonic() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(arguments)
    print_table(demo_lines())


if __name__ == "__main__":
    main()
