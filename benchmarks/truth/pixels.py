"""Two ways to move a photograph, against the truth: the generator's pixels, and the photograph's own.

    python -m benchmarks.truth.pixels [--people 3] [--motions smile,eyes_closed] [--output DIR] [--sheets DIR]

Each of 24 rendered people is found in a photograph, aligned and inverted, as a run does it; the motion comes from
another person's clip and goes evenly to its extreme over nine moments. `generator` shows the generator's frames,
`picture` the photograph moved as they move (`stages.picture`). Every frame is compared with the true photograph of
that person making that motion. `DIR` receives `pixels.json`, every figure of every frame; `--sheets` takes images
for the eye.

`benchmarks.truth.frames` defines the figures, `benchmarks.truth.photographs` says how to make the data.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch

from benchmarks.truth.data import DATA
from benchmarks.truth.photographs import PHOTOGRAPHS, Photographs, load_photographs
from benchmarks.truth.pixels_report import Result, fill_page, markdown_table, print_report, write_json
from benchmarks.truth.pixels_worker import Settings, Worker
from benchmarks.truth.sheets import write_sheets
from common.errors import UserError
from stages.motion.micromotion import Micromotion


def run(
    settings: Settings,
    people: Sequence[int],
    motions: Sequence[str],
    workers: int = 1,
    tell: Callable[[str], object] = lambda line: None,
) -> tuple[list[Result], dict[tuple[int, str], np.ndarray]]:
    """Measure.

    Args:
        settings: for every worker.
        people: numbers of the seed's people.
        motions: names.
        workers: processes; 1 measures in this one.
        tell: called with a line for each person that is done.

    Returns:
        A result for each person and motion, in their order; their strips.
    """
    results: dict[tuple[int, str], Result] = {}
    strips: dict[tuple[int, str], np.ndarray] = {}

    def take(number: int, measured: list[tuple[Result, np.ndarray | None]]) -> None:
        for result, strip in measured:
            results[number, result.motion] = result
            if strip is not None:
                strips[number, result.motion] = strip
        tell(f"person {number}: {_in_short([result for result, _ in measured])}")

    if workers == 1:
        worker = Worker(settings)
        made = {motion: worker.motion(motion) for motion in motions}
        for number in people:
            take(number, list(worker.measure(number, made)))
    else:
        # Spawned, because threads of PyTorch do not survive a fork.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _start_worker, (settings,)) as pool:
            found = dict(zip(motions, pool.map(_motion, motions), strict=True))
            waiting = {pool.submit(_measure, number, found): number for number in people}
            for done in as_completed(waiting):
                take(waiting[done], done.result())
    order = [(number, motion) for number in people for motion in motions]
    return [results[one] for one in order], {one: strips[one] for one in order if one in strips}


_worker: Worker


def _start_worker(settings: Settings) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = Worker(settings)


def _motion(name: str) -> Micromotion:
    return _worker.motion(name)


def _measure(number: int, motions: dict[str, Micromotion]) -> list[tuple[Result, np.ndarray | None]]:
    return list(_worker.measure(number, motions))


def _in_short(results: list[Result]) -> str:
    """PSNR at the extreme, picture against the better of the generator's two conventions."""
    parts = []
    for result in results:
        generator = max(result.figure(way, "psnr", "extreme") for way in ("generator, aligned", "generator, pasted"))
        parts.append(f"{result.motion} {result.figure('picture', 'psnr', 'extreme'):.1f} dB for {generator:.1f}")
    return ", ".join(parts)


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _chosen(data: Photographs, options: argparse.Namespace) -> tuple[list[int], list[str]]:
    """People and motions that the command line names.

    Raises:
        UserError: one of them is not in the data.
    """
    people = options.only or list(data.people[: max(1, options.people)])
    motions = options.motions.split(",") if options.motions else list(data.motions)
    for name, chosen, known in (("people", people, data.people), ("motions", motions, data.motions)):
        if unknown := [one for one in chosen if one not in known]:
            raise UserError(f"{name}: expected some of {', '.join(map(str, known))}, found {unknown[0]}.")
    return people, motions


def main() -> None:
    """Measure, print and, where asked for, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PHOTOGRAPHS, help="as benchmarks.truth.photographs writes it")
    parser.add_argument("--clips", type=Path, default=DATA, help="as benchmarks.truth.data writes it")
    parser.add_argument("--people", type=int, default=24, help="how many, the first ones")
    parser.add_argument("--only", type=_numbers, help="numbers of people instead, as in 7,18")
    parser.add_argument("--motions", help="names, as in smile,eyes_closed; all by default")
    parser.add_argument("--output", type=Path, help="folder for pixels.json")
    parser.add_argument("--page", type=Path, help="a page whose table of results is replaced: docs/method.md")
    parser.add_argument("--sheets", type=Path, help="folder for images: still, truth, both ways, and what they miss")
    parser.add_argument("--cache", type=Path, help="folder that keeps inverted clips: later runs start sooner")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="processes")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, or auto")
    options = parser.parse_args()
    settings = Settings(options.data, options.clips, options.device, options.cache, strips=options.sheets is not None)
    try:
        people, motions = _chosen(load_photographs(options.data), options)
        for folder in (options.output, options.sheets, options.cache):
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        results, strips = run(settings, people, motions, options.workers, lambda line: print(f"  {line}", flush=True))
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    print_report(results)
    # The pool is closed, so that its processes' time is known.
    times = os.times()
    used = times.user + times.system + times.children_user + times.children_system
    print(f"\n{time.monotonic() - started:.0f} s with {options.workers} workers, {used:.0f} s of the processor")
    if options.output:
        write_json(results, options.output / "pixels.json")
    if options.page:
        fill_page(options.page, markdown_table(results))
    if options.sheets:
        write_sheets(strips, options.sheets)


if __name__ == "__main__":
    main()
