"""Workers that go on from one flow to the next, on a real Ray."""

import os
import signal
from contextlib import closing

import pytest

from pipeline.cluster.sizing import Node, PoolSize
from pipeline.engine.flow import Flow
from pipeline.engine.pool import StageSpec
from pipeline.engine.spare import SpareWorkers
from stages.base import Row, Stage
from tests.pipeline.engine.processes import is_running, wait_until
from tests.pipeline.tiny_stages import Counting, Where

TWO, LARGER = PoolSize(2, 0.5), PoolSize(2, 0.6)


def through(spare: SpareWorkers, stage: type[Stage], rows: list[Row], size: PoolSize = TWO) -> list[Row]:
    flow = Flow([StageSpec(stage, None, size)], spare=spare)
    with flow, closing(flow.run([row] for row in rows)) as arriving:
        return [row for one in arriving for row in one.finished]


def processes(spare: SpareWorkers, size: PoolSize = TWO) -> set[int]:
    """Of both workers, each of which is at a row for long enough that the other takes one too."""
    rows = through(spare, Where, [{"id": f"f{index}", "seconds": 0.5} for index in range(20)], size)
    assert len(rows) == 20
    return {row["process"] for row in rows}


def test_the_next_flow_runs_its_own_stage_in_the_processes_of_the_last_one(ray_nodes: list[Node]) -> None:
    with closing(SpareWorkers()) as spare:
        first = processes(spare)
        counted = through(spare, Counting, [{"index": index, "steps": 3} for index in range(8)])
        assert [row["array"].tolist() for row in counted] == [[0, 1, 2]] * 8
        assert processes(spare) == first
    wait_until(lambda: not any(map(is_running, first)))


def test_workers_of_another_size_are_ended_so_that_they_hold_no_cores(ray_nodes: list[Node]) -> None:
    with closing(SpareWorkers()) as spare:
        first = processes(spare)
        assert not first & processes(spare, LARGER)
        wait_until(lambda: not any(map(is_running, first)))


def test_a_spare_worker_that_died_is_replaced(ray_nodes: list[Node]) -> None:
    with closing(SpareWorkers()) as spare:
        first = processes(spare)
        dead = min(first)
        os.kill(dead, signal.SIGKILL)
        wait_until(lambda: not is_running(dead))
        second = processes(spare)
        assert dead not in second and first & second


def test_a_flow_that_fails_leaves_no_worker(ray_nodes: list[Node]) -> None:
    with closing(SpareWorkers()) as spare:
        with pytest.raises(KeyboardInterrupt), Flow([StageSpec(Where, None, TWO)], spare=spare):
            raise KeyboardInterrupt
        assert not len(spare)
