"""What two workers of one core make beside one, and what this machine gives two processes of anything.

    python -m benchmarks.speed.workers [--size 1024] [--seconds 5] [--first]

| row | peer or limit |
|---|---|
| loops of plain Python: two processes | one; they share nothing: less than 2 says that the machine is busy |
| convolutions that fit into a core's cache: two | one |
| copies of memory: two | one; they share nothing but the memory's bandwidth |
| two workers of one core, frames a second | one |
| memory of a process that renders and does nothing else | 2.5 GB |

Processes are started anew for each figure, each on a core of its own, and timed by the clock. On a machine that is not
idle the clock tells who else is at work: `--first` runs them before all other processes, which needs Linux and root.
"""

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

import numpy as np
import torch

from benchmarks.speed.figures import Row, print_table
from benchmarks.speed.networks import Convolution
from stages.execution.executor import accelerated
from weights.networks.stylegan2 import Generator

PARALLEL = 1.8  # wanted of two over one
MEMORY = 2500.0  # MB, wanted at most
IN_CACHE = (64, 32)  # channels and side of a convolution
COPIED = 32 << 20  # numbers of 4 bytes: more than any cache holds
WAIT = 600.0  # seconds for the other process to get ready

Step = Callable[[], object]


def _loop() -> Step:
    return lambda: sum(number * number for number in range(50_000))


def _convolution() -> Step:
    layer = accelerated(Convolution(*IN_CACHE).eval().requires_grad_(False), "cpu")
    return partial(layer.run, layer.example(1))


def _copy() -> Step:
    numbers = np.ones(COPIED, np.float32)
    return partial(np.copyto, np.empty_like(numbers), numbers)


def _frame(size: int) -> Step:
    torch.manual_seed(0)
    generator = accelerated(Generator(size).eval().requires_grad_(False), "cpu")
    return partial(generator.synthesize, generator.map(torch.randn(1, 512)))


PEERS: dict[str, Callable[[], Step]] = {"loops": _loop, "convolutions": _convolution, "copies": _copy}


class _Start:
    """Where processes wait for each other; set in each by its pool."""

    barrier: Any = None


def _wait_for_others(barrier: Any) -> None:
    _Start.barrier = barrier


def _steps_a_second(made: Callable[[], Step], seconds: float, core: int, first: bool) -> tuple[float, float]:
    """Of this process on one thread and one core; and the MB that it needed at most."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})
    torch.set_num_threads(1)
    with torch.inference_mode():
        step = made()
        step()
        if first:
            for thread in Path("/proc/self/task").iterdir():
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(1))
        _Start.barrier.wait(WAIT)
        started, count = time.monotonic(), 0
        while count < 2 or time.monotonic() - started < seconds:
            step()
            count += 1
        return count / (time.monotonic() - started), peak_memory()


def peak_memory() -> float:
    """MB that this process has needed at most: of its own program, where `ru_maxrss` keeps what its parent had."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return float(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def side_by_side(made: Callable[[], Step], count: int, seconds: float, first: bool) -> tuple[float, float]:
    """Steps a second of so many processes at once, all together; and the most MB that one of them needed.

    Raises:
        BrokenBarrierError: a process did not get ready.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(count, _wait_for_others, (context.Barrier(count),)) as pool:
        tasks = [(made, seconds, core, first) for core in range(count)]
        rates, memory = zip(*pool.starmap(_steps_a_second, tasks, chunksize=1), strict=True)
    return sum(rates), max(memory)


def worker_rows(size: int, seconds: float, first: bool = False) -> Iterator[Row]:
    """Two processes beside one: of each peer, then of workers that render at a size; and a worker's memory."""
    for name, made in PEERS.items():
        alone, together = (side_by_side(made, count, seconds, first)[0] for count in (1, 2))
        yield Row(f"two processes, {name}/s", f"{together:.1f}", f"one {alone:.1f}", together / alone)
    frame = partial(_frame, size)
    side_by_side(frame, 1, 0.0, False)  # whoever comes first converts: that is no worker's memory
    alone, memory = side_by_side(frame, 1, seconds, first)
    together, _ = side_by_side(frame, 2, seconds, first)
    yield Row(f"two workers, {size} px, frames/s", f"{together:.2f}", f"one {alone:.2f}", together / alone, PARALLEL)
    yield Row(f"generator of {size} px alone, MB", f"{memory:.0f}", f"limit {MEMORY:.0f}", MEMORY / memory, 1.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="of the generator, px (1024)")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure (5)")
    parser.add_argument("--first", action="store_true", help="before all other processes; Linux, root")
    options = parser.parse_args()
    try:
        print_table(worker_rows(options.size, options.seconds, options.first))
    except (PermissionError, BrokenBarrierError) as error:
        raise SystemExit(f"--first: {error or 'a process did not get ready'}") from error


if __name__ == "__main__":
    main()
