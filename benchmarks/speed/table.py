"""All figures of speed as one table: what was measured, its peer or limit in the same run, the ratio, what is wanted.

    python -m benchmarks.speed.table [--quick] [--only networks rows]

Each part is a command of its own, named in front of its lines, and runs in a process of its own on one thread.
`--quick` takes the smaller generator, fewer rows and fewer repeats: about five minutes of two idle cores in place of
an hour.
"""

import argparse
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, Queue
from typing import Any

from benchmarks.speed.demo import demo_lines
from benchmarks.speed.figures import HEADING, Row
from benchmarks.speed.memory import memory_rows
from benchmarks.speed.networks import network_rows
from benchmarks.speed.picture_cost import picture_rows
from benchmarks.speed.rows import row_lines
from benchmarks.speed.workers import worker_rows

POLL = 0.5  # seconds between two looks at a part that is at work
Part = Callable[[], Iterator[Row]]

WHOLE: dict[str, Part] = {
    "networks": partial(network_rows, (256, 1024), 5),
    "workers": partial(worker_rows, 1024, 5.0),
    "rows": partial(row_lines, 24),
    "rows --size 1024": partial(row_lines, 2, 1024),
    "memory": partial(memory_rows, 1024, 200, 2),
    "picture_cost": partial(picture_rows, 12, 3),
    "demo": demo_lines,
}
QUICK: dict[str, Part] = {
    "networks": partial(network_rows, (256,), 2),
    "workers": partial(worker_rows, 256, 2.0),
    "rows": partial(row_lines, 4),
    "rows --size 256": partial(row_lines, 2, 256),
    "memory": partial(memory_rows, 256, 8, 2),
    "picture_cost": partial(picture_rows, 4, 1),
    "demo": demo_lines,
}


def all_rows(parts: dict[str, Part]) -> Iterator[tuple[str, Row]]:
    """Each line with the part that it is of; a part that fails says so in its line."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to come
    context = multiprocessing.get_context("spawn")
    for name, part in parts.items():
        with context.Manager() as manager, ProcessPoolExecutor(1, context) as pool:
            lines: Any = manager.Queue()
            running = pool.submit(_put_lines, part, lines)
            while not running.done() or not lines.empty():
                with suppress(Empty):
                    yield name, lines.get(timeout=POLL)
            if error := running.exception():
                yield name, Row("does not run", type(error).__name__, str(error)[:28], 0.0, 1.0)


def _put_lines(part: Part, lines: "Queue[Row]") -> None:
    try:
        for row in part():
            lines.put(row)
    except SystemExit as error:  # which would end the process before anyone hears of it
        raise RuntimeError(str(error)) from None


def parse(arguments: Sequence[str] | None = None) -> dict[str, Part]:
    """The parts that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller, and in minutes")
    names = sorted({name.split()[0] for name in WHOLE})
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="these parts alone")
    options = parser.parse_args(arguments)
    chosen = QUICK if options.quick else WHOLE
    return {name: part for name, part in chosen.items() if name.split()[0] in options.only}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parts = parse(arguments)
    width = max(map(len, parts)) + 2
    print(f"{'python -m benchmarks.speed.…':{width}}  {HEADING}"[:200], flush=True)
    rows = []
    for name, row in all_rows(parts):
        print(f"{name:{width}}  {row.line()}", flush=True)
        rows.append(row)
    wanted = [row for row in rows if row.wanted is not None]
    print(f"{sum(row.met for row in wanted)} of {len(wanted)} met")


if __name__ == "__main__":
    main()
