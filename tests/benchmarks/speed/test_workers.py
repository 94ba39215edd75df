"""Workers side by side, each in a process of its own."""

import pytest

from benchmarks.speed.workers import _loop, peak_memory, side_by_side


def test_memory_is_that_of_this_process() -> None:
    assert 50 < peak_memory() < 20_000


@pytest.mark.slow
def test_processes_that_run_side_by_side_are_counted_together_with_the_memory_of_one() -> None:
    rate, memory = side_by_side(_loop, 2, 0.05, first=False)
    assert rate > 0
    assert 50 < memory < 20_000
