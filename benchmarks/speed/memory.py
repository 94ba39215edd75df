"""What a render worker needs of memory on the CPU, and whether rows make it more.

    python -m benchmarks.speed.memory [--size 1024] [--rows 200] [--frames 60]

| line | peer or limit |
|---|---|
| a worker's own memory after the last row | 2.5 GB |
| the same | after the fifth row |
| the most that was resident, with files that are mapped: all workers share them, and the system may take them back | |

The worker is a process of its own, on one thread, with networks of published widths and random weights, whose graphs
another process has converted. A row at 1024 px takes about a minute: fewer rows and frames say less, and sooner.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from benchmarks.speed.figures import Row, print_table, restart_on_one_thread
from benchmarks.speed.picture_cost import use_one_thread
from benchmarks.speed.published_job import write_published_job
from benchmarks.speed.rows import own_memory
from benchmarks.speed.workers import MEMORY, peak_memory
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.animate_faces import AnimateFaces, AnimateFacesSettings
from stages.base import Row as StageRow
from stages.base import RowStatus
from stages.models import ModelSettings
from stages.motion.load_micromotion import load_micromotion

Given = TypeVar("Given")
Result = TypeVar("Result")

FLAT = 0.97  # of a worker's own memory early over that late, wanted at least
SETTLED = 5  # rows, after which nothing new is loaded


def memory_rows(size: int, rows: int, frames: int) -> Iterator[Row]:
    """Both lines, of a worker that makes so many rows of so many frames each.

    Raises:
        ValueError: too few rows to compare early with late.
    """
    if rows <= SETTLED:
        raise ValueError(f"rows: expected more than {SETTLED}, found {rows}")
    with tempfile.TemporaryDirectory(prefix="micromotion-memory-") as folder:
        job = write_published_job(Path(folder), size, frames)
        (Path(folder) / "videos").mkdir()
        ready = _in_a_process(_aligned, job, rows)
        _in_a_process(_worked, job, ready[:1])  # whoever comes first converts: that is no worker's memory
        own, peak = _in_a_process(_worked, job, [ready[number % len(ready)] for number in range(rows)])
    if late := own[-1]:
        early = own[SETTLED - 1]
        yield Row(f"render worker, {size} px, MB", f"{late:.0f}", f"limit {MEMORY:.0f}", MEMORY / late, 1.0)
        yield Row(f"  after {rows} rows, MB", f"{late:.0f}", f"after {SETTLED} {early:.0f}", early / late, FLAT)
    yield Row("  with mapped files, at most, MB", f"{peak:.0f}", f"limit {MEMORY:.0f}", MEMORY / peak)


def _in_a_process(work: Callable[[Path, Given], Result], job: Path, given: Given) -> Result:
    """What a process of its own makes of a job and of what is given with it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, job, given).result()


def _aligned(job: Path, most: int) -> list[StageRow]:
    """The job's first rows as a detection worker hands them on."""
    use_one_thread()
    checked = check_job(load_job(job))
    rows = checked.rows.slice(0, most).to_pylist()
    model = ModelSettings(checked.model.files, device="cpu")
    align = AlignFaces(AlignFacesSettings(model, {row["motion"]: "" for row in rows}))
    return [align.process(row) for row in rows]


def _worked(job: Path, rows: Sequence[StageRow]) -> tuple[list[float], float]:
    """MB of this process's own after each row that it makes as a render worker, and the most that it needed."""
    use_one_thread()
    spec = load_job(job)
    motions = {name: load_micromotion(str(motion.file)) for name, motion in spec.motion.items()}
    settings = AnimateFacesSettings(ModelSettings(spec.model, device="cpu"), motions, spec.video, str(job.parent))
    stage, own = AnimateFaces(settings), []
    for row in rows:
        result = stage.process(row)
        if result["status"] != RowStatus.DONE:
            raise SystemExit(f"row {row['id']}: {result['message']}")
        own.append(own_memory())
    return own, peak_memory()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="of the generator, px (1024)")
    parser.add_argument("--rows", type=int, default=200, help=f"more than {SETTLED} (200)")
    parser.add_argument("--frames", type=int, default=60, help="of a video (60)")
    options = parser.parse_args(arguments)
    if options.rows <= SETTLED:
        parser.error(f"--rows: expected more than {SETTLED}, found {options.rows}")
    restart_on_one_thread()
    print_table(memory_rows(options.size, options.rows, options.frames))


if __name__ == "__main__":
    main()
