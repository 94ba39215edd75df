"""Rows through workers on a real Ray: what goes in comes out once, whatever happens to a worker."""

import os
import signal
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import CheckpointError, EngineDied, MotionMismatch, WorkStopped
from pipeline.cluster.sizing import Node, PoolSize
from pipeline.engine import pool
from pipeline.engine.flow import Arrivals, Flow
from pipeline.engine.pool import StageSpec
from pipeline.engine.table import LostCause, State
from stages.base import Row
from tests.pipeline.engine.processes import is_running, wait_until
from tests.pipeline.tiny_stages import Counting, Dying, Refusing, Where

ONE, TWO = PoolSize(1, 0.5), PoolSize(2, 0.5)


def where(size: PoolSize, limit: float = pool.FOREVER) -> StageSpec:
    return StageSpec(Where, None, size, limit)


def through(specs: list[StageSpec], rows: Iterable[Row], **how: Any) -> list[Arrivals]:
    with Flow(specs, **how) as flow, closing(flow.run([row] for row in rows)) as arriving:
        return list(arriving)


def ids(arrivals: Iterable[Arrivals]) -> list[str]:
    return [row["id"] for one in arrivals for row in one.finished]


def test_every_row_comes_out_once(ray_nodes: list[Node]) -> None:
    names = [f"f{index}" for index in range(50)]
    came = through([where(TWO)], [{"id": name} for name in names])
    assert sorted(ids(came)) == sorted(names)


def test_a_long_row_holds_up_no_other_and_no_worker_idles(ray_nodes: list[Node], tmp_path: Path) -> None:
    others_are_done = tmp_path / "others are done"
    rows = [{"id": "long", "until": str(others_are_done)}, *({"id": f"short{index}"} for index in range(10))]
    finished: list[Row] = []
    with Flow([where(TWO, limit=60.0)]) as flow, closing(flow.run([row] for row in rows)) as arriving:
        for arrivals in arriving:
            assert not arrivals.lost, "another row waited for the long one"
            finished += arrivals.finished
            if len(finished) == 10:
                others_are_done.touch()
    assert finished[-1]["id"] == "long"
    assert len({row["process"] for row in finished}) == 2


def test_workers_have_the_users_home_and_their_share_of_threads(ray_nodes: list[Node]) -> None:
    (row,) = (row for one in through([where(ONE)], [{"id": "a"}]) for row in one.finished)
    assert row["message"] == f"{os.environ['HOME']} 1"


@pytest.mark.parametrize(
    "error",
    [CheckpointError("no such file on this machine"), MotionMismatch((12, 512), (18, 512), "a clip")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_ours_from_a_stages_set_up_arrives_as_it_was_raised(
    ray_nodes: list[Node], error: Exception
) -> None:
    with pytest.raises(type(error)) as raised:
        through([StageSpec(Refusing, error, ONE)], [{"id": "a"}])
    assert str(raised.value) == str(error)


def test_a_stage_that_cannot_be_set_up_ends_the_flow_with_its_reason(ray_nodes: list[Node]) -> None:
    with pytest.raises(WorkStopped, match="the checkpoint is damaged"):
        through([StageSpec(Refusing, "the checkpoint is damaged", ONE)], [{"id": "a"}])


def test_workers_that_die_while_they_are_set_up_end_the_flow(ray_nodes: list[Node]) -> None:
    with pytest.raises(WorkStopped, match="die while they load their networks"):
        through([StageSpec(Dying, None, ONE)], [{"id": "a"}])


def test_waiting_can_end_a_flow_at_any_time_and_no_worker_outlives_it(ray_nodes: list[Node]) -> None:
    seen: set[int] = set()
    flow = Flow([where(ONE)], on_wait=lambda: interrupt())

    def interrupt() -> None:
        if places := [member.place for member in flow._first.members if member.rows and member.place]:
            seen.update(place.process for place in places)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), flow, closing(flow.run([[{"id": "a", "seconds": 1000.0}]])) as arriving:
        list(arriving)
    assert seen
    wait_until(lambda: not any(is_running(process) for process in seen))


def test_a_flow_that_is_to_stop_begins_nothing_more_and_finishes_what_is_in_hand(ray_nodes: list[Node]) -> None:
    came: list[Arrivals] = []
    rows = ([{"id": f"f{index}", "seconds": 0.3}] for index in range(60_000))
    with Flow([where(ONE)], stopping=lambda: bool(came)) as flow, closing(flow.run(rows)) as arriving:
        for arrivals in arriving:
            came.append(arrivals)
    assert ids(came) == ["f0"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_worker_that_dies_names_its_row_and_is_replaced_at_once(
    ray_nodes: list[Node], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("DOUBT_SECONDS", "LOADING_SECONDS"):  # no limit of time has to pass for it
        monkeypatch.setattr(pool, limit, pool.FOREVER)
    lost: list[tuple[str, LostCause]] = []
    with Flow([where(ONE)]) as flow, closing(flow.run([[{"id": "a", "seconds": 2.0}]])) as arriving:
        flow._on_wait = lambda: kill_busy(flow, number) if not lost else None
        for arrivals in arriving:
            for loss in arrivals.lost:
                lost += [(row["id"], loss.cause) for row in loss.rows]
                flow.again([{"id": "a"}])
    assert lost == [("a", LostCause.DIED)]


def test_a_worker_that_died_while_it_had_nothing_to_do_is_not_held_against_its_next_row(
    ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)  # however short it was idle
    lost: list[LostCause] = []

    def rows() -> Iterable[list[Row]]:
        yield [{"id": "first"}]
        (member,) = flow._first.members
        wait_until(lambda: member.state is State.IDLE or flow._arrivals() is None)
        assert member.place is not None
        os.kill(member.place.process, signal.SIGKILL)
        wait_until(lambda: not is_running(member.place.process))  # type: ignore[union-attr]
        yield [{"id": "second"}]

    with Flow([where(ONE)]) as flow, closing(flow.run(rows())) as arriving:
        for arrivals in arriving:
            for loss in arrivals.lost:
                lost.append(loss.cause)
                flow.again(loss.rows)
    assert lost == [LostCause.EXCUSED]


def test_a_frozen_worker_costs_its_row_and_not_the_run(ray_nodes: list[Node]) -> None:
    """Stopped, it neither ends nor hears that it should."""
    rows = [{"id": "frozen", "seconds": 3.0}, *({"id": f"f{index}", "seconds": 0.1} for index in range(5))]
    frozen: list[int] = []
    lost: list[tuple[str, LostCause]] = []

    def freeze() -> None:
        for member in flow._first.members:
            if not frozen and member.rows and member.rows[0]["id"] == "frozen" and member.place:
                frozen.append(member.place.process)
                os.kill(member.place.process, signal.SIGSTOP)

    came: list[Arrivals] = []
    with Flow([where(TWO, limit=8.0)], on_wait=freeze) as flow, closing(flow.run([row] for row in rows)) as arriving:
        for arrivals in arriving:
            came.append(arrivals)
            for loss in arrivals.lost:
                lost += [(row["id"], loss.cause) for row in loss.rows]
                flow.again(loss.rows)
    assert lost == [("frozen", LostCause.TIMED_OUT)]
    assert sorted(ids(came)) == sorted(str(row["id"]) for row in rows)
    wait_until(lambda: not is_running(frozen[0]))


def test_progress_comes_while_a_row_is_at_work_and_silence_is_what_is_limited(ray_nodes: list[Node]) -> None:
    step = StageSpec(Counting, None, ONE, limit=6.0)
    came = through([step], [{"index": 0, "steps": 40}])
    steps = [progress.step for one in came for _, progress in one.progress]
    assert steps == list(range(1, 41)), "eight seconds in all, and never silent for six"
    (row,) = (row for one in came for row in one.finished)
    np.testing.assert_array_equal(row["array"], np.arange(40))
    came = through([step], [{"index": 0, "steps": 3, "hangs": True}])
    assert [loss.cause for one in came for loss in one.lost] == [LostCause.TIMED_OUT]


def test_pools_grow_and_shrink_without_losing_what_is_in_hand(ray_nodes: list[Node]) -> None:
    came: list[Arrivals] = []
    with Flow([where(ONE)]) as flow:
        rows = ([{"id": f"f{index}", "seconds": 0.3}] for index in range(40))
        with closing(flow.run(rows)) as arriving:
            for arrivals in arriving:
                came.append(arrivals)
                if len(came) == 2:
                    flow.resize([TWO])
                if len(came) == 30:
                    flow.resize([ONE])
                    assert sum(not member.retiring for member in flow._first.members) == 1
    assert sorted(ids(came)) == sorted(f"f{index}" for index in range(40))
    assert len({row["process"] for one in came for row in one.finished}) == 2


def test_a_flow_whose_workers_never_start_is_given_up(ray_nodes: list[Node]) -> None:
    with pytest.raises(WorkStopped, match=r"no worker could be started.*cluster\.stall_timeout"):
        through([where(PoolSize(1, 64.0))], [{"id": "a"}], stall_timeout=3.0)


def test_a_ray_of_our_own_that_starts_no_worker_has_to_be_started_again(
    ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "is_own", lambda: True)
    monkeypatch.setattr(pool, "START_SECONDS", 2.0)
    with pytest.raises(EngineDied, match="no worker could be started"):
        through([where(PoolSize(1, 64.0))], [{"id": "a"}], stall_timeout=20.0)


def test_a_worker_that_does_not_start_is_replaced_while_another_works(
    ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "is_own", lambda: True)
    all_cores = PoolSize(2, sum(node.cpus for node in ray_nodes))  # there is room for one
    rows = ([{"id": f"f{index}", "seconds": 0.5}] for index in range(6))
    with Flow([where(all_cores)]) as flow, closing(flow.run(rows)) as arriving:
        came = [next(arriving)]
        monkeypatch.setattr(pool, "START_SECONDS", 0.5)
        waits = next(member for member in flow._first.members if member.state is State.STARTING)
        came += arriving
        assert waits not in flow._first.members
        assert len(flow._first.members) == 2
    assert sorted(ids(came)) == [f"f{index}" for index in range(6)]


def kill_busy(flow: Flow, number: int) -> None:
    for member in flow._first.members:
        if member.rows and member.place is not None:
            os.kill(member.place.process, number)
