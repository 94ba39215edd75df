"""Breaks runs at random instants, lets them go on, and looks whether anything was lost.

`python -m benchmarks.faults.run` starts a job, kills one of its processes after a random time (the driver, its
supervisor, a worker, Ray's node process or its store of state, ffmpeg, or everything at once with what was not flushed
to disk damaged), lets it go on or starts it again by the same command until it ends by itself, and compares what it
left with an unbroken run: bytes of every video, result rows and their order, strays. A run that had to be started again
although its supervisor lived counts as given up. A run takes half a minute on two cores.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.faults.audit import Audit, audit
from benchmarks.faults.injection import KINDS, BrokenRun, break_run
from benchmarks.faults.job import write_fault_job

# Of the time that an unbroken run takes: in so much of it a fault comes, so that most runs are broken more than once.
STRETCH = 0.6


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, run, print the table; exits with 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="runs that are broken (40)")
    parser.add_argument("--faults", type=int, default=2, help="most faults in one run (2)")
    parser.add_argument("--rows", type=int, default=36, help="good rows of each (36)")
    parser.add_argument("--whole", type=int, default=8, help="of the runs, so many go the whole way, not rehearsed (8)")
    parser.add_argument("--seed", type=int, default=1, help="of the instants (1)")
    parser.add_argument("--keep", type=Path, help="keep the outputs of unsound runs here")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    broken: list[tuple[BrokenRun, Audit]] = []
    with tempfile.TemporaryDirectory(prefix="micromotion-faults-") as folder:
        for rehearsal, runs in ((True, options.runs - options.whole), (False, options.whole)):
            if not runs:
                continue
            kind = "rehearsed" if rehearsal else "whole"
            for run, found in break_runs(
                Path(folder) / kind, runs, options.rows, options.faults, rehearsal, options.seed
            ):
                broken.append((run, found))
                verdict = "sound" if found.sound and not run.left else f"UNSOUND {found}, left {run.left}"
                print(f"{kind:9s} {len(broken):3d}  {' '.join(run.injected) or '-':32s} {run.starts} starts  {verdict}")
                sys.stdout.flush()
                if options.keep and not found.sound:
                    shutil.copytree(run.output, options.keep / f"{kind}-{len(broken)}", dirs_exist_ok=True)
    print(*table(broken, time.monotonic() - started), sep="\n")
    if any(not found.sound or run.left for run, found in broken):
        sys.exit(1)


def break_runs(
    folder: Path, runs: int, rows: int, most_faults: int, rehearsal: bool, seed: int, frames: int = 60
) -> Iterator[tuple[BrokenRun, Audit]]:
    """Break a job so many times, beside one run that is left alone; the kinds of faults go round.

    A run that was over before anything could be done to it does not count.

    Raises:
        RuntimeError: the run that was left alone did not end well.
    """
    rng = random.Random(f"{seed} {rehearsal}")
    frames = frames if rehearsal else 8
    job = write_fault_job(folder, rows, rehearsal, frames)
    ids = [line.split(",")[0] for line in (folder / "faces.csv").read_text().splitlines()[1:]]
    before = time.monotonic()
    reference = break_run(job, folder / "reference", [], 1.0, rng)
    longest = STRETCH * (time.monotonic() - before)
    if reference.exit_code != 3:
        raise RuntimeError((folder / "reference.said").read_text())
    kinds = [kind for _ in range(runs * most_faults) for kind in rng.sample(KINDS, len(KINDS))]
    number = 0
    while number < runs:
        faults = [kinds.pop() for _ in range(rng.randint(1, most_faults))]
        run = break_run(job, folder / f"run-{number}", faults, longest, rng)
        if run.injected:
            number += 1
            yield run, audit(run, reference.output, ids, frames)
        else:
            kinds += faults
        shutil.rmtree(run.output)


def table(broken: list[tuple[BrokenRun, Audit]], seconds: float) -> list[str]:
    """What became of all runs, by kind of fault; a run with two faults counts under both."""
    head = ["fault", "injected", "runs", "rows", "lost", "duplicated", "half-written", "strays", "given up"]
    head += ["repeated", "at most"]
    lines = ["", "".join(f"{name:>13s}" for name in head)]
    for kind in (*KINDS, "all"):
        chosen = [(run, found) for run, found in broken if kind in run.injected or kind == "all"]
        if not chosen:
            continue
        audits = [found for _, found in chosen]
        injected = sum(run.injected.count(kind) if kind != "all" else len(run.injected) for run, _ in chosen)
        sums = [
            sum(getattr(found, name) for found in audits)
            for name in ("rows", "lost", "duplicated", "half_written", "strays", "given_up")
        ]
        shares = [sum(getattr(found, name) for found in audits) / len(audits) for name in ("repeated", "allowed")]
        cells = [kind, injected, len(chosen), *sums, *(f"{share:.1%}" for share in shares)]
        lines.append("".join(f"{cell!s:>13s}" for cell in cells))
    left = sum(len(run.left) for run, _ in broken)
    unsound = sum(not found.sound or bool(run.left) for run, found in broken)
    lines.append(
        f"{unsound} of {len(broken)} runs unsound; {left} processes left behind; "
        f"{sum(run.starts for run, _ in broken)} starts in {seconds / 60:.0f} min"
    )
    lines.append("repeated: videos begun more than once, of all; at most: if each fault had hit each worker over a row")
    return lines


if __name__ == "__main__":
    main()
