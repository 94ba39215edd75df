"""The flows on a real Ray: what goes in comes out once, whatever happens to a worker."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.columns import to_table
from pipeline.events import Event, EventLog
from pipeline.failures import explained
from pipeline.graph import Step, _blocks, run_flow
from pipeline.ledger import Ledger
from pipeline.resources import Node, Pool
from pipeline.tally import Tally
from stages.errors import CheckpointError, WorkStopped
from tests.pipeline.tiny_run import flow, rows_of
from tests.pipeline.tiny_stages import Dying, Refusing, TinyPrepare, TinyProduce, TinySettings, Where


def pictures_in(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name in names:
        (folder / f"{name}.png").write_bytes(b"no face" if name.startswith("faceless") else name.encode())
    return folder


def made(output: Path) -> list[str]:
    return sorted(mark.name.split("+")[0] for mark in (output / "made").iterdir())


def test_every_row_comes_out_once_and_a_second_run_makes_nothing_again(tmp_path: Path, ray_nodes: list[Node]) -> None:
    names = [*(f"f{index:02}" for index in range(20)), "faceless", "broken"]
    rows = rows_of(pictures_in(tmp_path / "pictures", names))
    heard: list[Event] = []
    tally = Tally([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger, EventLog(None, [heard.append]) as events:
        flow(tmp_path / "out", ledger, events, ray_nodes, 0.0).run(rows, tally)
    assert (tally.done, tally.kept, tally.failed) == (20, 0, 2)
    assert made(tmp_path / "out") == [name for name in names if name.startswith("f") and name != "faceless"]
    told = {event["id"]: event for event in heard if event["event"] == "row"}
    assert set(told) == set(names)
    assert told["faceless"]["reason"] == "no_face"
    assert told["broken"]["message"] == "RuntimeError: a stage that fails as a whole"
    finished = [event for event in heard if event["event"] == "stage"][-1]
    assert (finished["state"], finished["done"], finished["total"]) == ("finished", 22, 22)

    (tmp_path / "pictures/f03.png").write_bytes(b"another face")
    (tmp_path / "out/videos/f05.mp4").unlink()
    again = Tally([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger:
        flow(tmp_path / "out", ledger, EventLog(), ray_nodes, 0.0).run(rows, again)
    assert (again.done, again.kept, again.failed) == (2, 18, 2)
    assert made(tmp_path / "out").count("f03") == made(tmp_path / "out").count("f05") == 2


def test_a_row_that_kills_its_worker_is_quarantined_and_all_others_are_done(
    tmp_path: Path, ray_nodes: list[Node]
) -> None:
    names = [*(f"f{index:02}" for index in range(12)), "poison"]
    rows = rows_of(pictures_in(tmp_path / "pictures", names))
    heard: list[Event] = []
    tally = Tally([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger, EventLog(None, [heard.append]) as events:
        flow(tmp_path / "out", ledger, events, ray_nodes, 0.0).run(rows, tally)
        assert (tally.done, tally.failed) == (12, 1)
        assert list(ledger.failed().values()) == ["worker_crashed"]
    assert any(event["event"] == "warning" and "a worker died" in event["message"] for event in heard)


def test_a_stage_that_cannot_be_set_up_ends_the_flow_with_its_reason(ray_nodes: list[Node]) -> None:
    with pytest.raises(WorkStopped, match="the checkpoint is damaged"), explained():
        list(run_flow(to_table({"id": ["a"]}), [Step(Refusing, "the checkpoint is damaged", Pool(1, 0.5))]))


def test_workers_that_die_while_they_are_set_up_end_the_flow(ray_nodes: list[Node]) -> None:
    with pytest.raises(WorkStopped, match="die while they load their networks"):
        list(run_flow(to_table({"id": ["a"]}), [Step(Dying, None, Pool(1, 0.5))]))


def test_a_users_error_from_a_worker_stays_one(ray_nodes: list[Node]) -> None:
    with pytest.raises(CheckpointError, match="^no such file on this machine$"), explained():
        settings = CheckpointError("no such file on this machine")
        list(run_flow(to_table({"id": ["a"]}), [Step(Refusing, settings, Pool(1, 0.5))]))


def test_waiting_can_end_a_flow_at_any_time(tmp_path: Path, ray_nodes: list[Node]) -> None:
    rows = rows_of(pictures_in(tmp_path / "pictures", [f"f{index}" for index in range(8)]))
    (tmp_path / "videos").mkdir()
    (tmp_path / "made").mkdir()
    calls = 0

    def on_wait() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    settings = TinySettings(str(tmp_path), seconds=30.0)
    steps = [Step(TinyPrepare, settings, Pool(1, 0.5)), Step(TinyProduce, settings, Pool(1, 0.5))]
    with pytest.raises(KeyboardInterrupt):
        list(run_flow(rows, steps, on_wait=on_wait))
    # One that outlives its flow would be in Ray when Ray shuts down, and end the process.
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("StreamingExecutor")] == []


def test_a_flow_that_is_to_stop_does_not_look_at_every_row_first(ray_nodes: list[Node]) -> None:
    rows, came = to_table({"id": [f"f{index}" for index in range(60_000)]}), list[int]()
    for part in run_flow(rows, [Step(Where, None, Pool(1, 0.5))], stopping=lambda: bool(came)):
        came.append(len(part))
    assert 0 < sum(came) < rows.num_rows


@pytest.mark.parametrize(("rows", "quick"), [(0, 0), (1, 1), (77, 0), (5000, 4000)])
def test_portions_hold_every_row_once_and_rows_that_are_hardly_any_work_travel_together(rows: int, quick: int) -> None:
    first = Step(Where, None, Pool(1, 0.5))
    table = to_table({"id": [str(index) for index in range(rows)]})
    for alone in (False, True):
        blocks = _blocks(table, first, alone, quick)
        assert [id_ for block in blocks for id_ in block["id"].to_pylist()] == table["id"].to_pylist()
        work = [block for block in blocks if block.num_rows and int(block["id"][0].as_py()) < rows - quick]
        assert all(block.num_rows <= (1 if alone else 32) for block in work)
        assert sum(block.num_rows for block in work) == rows - quick
    assert len(_blocks(table, first, False, quick)) < 60


def test_workers_have_the_users_home_and_their_share_of_threads(ray_nodes: list[Node]) -> None:
    rows = [row for part in run_flow(to_table({"id": ["a"]}), [Step(Where, None, Pool(1, 0.5))]) for row in part]
    assert [row["message"] for row in rows] == [f"{os.environ['HOME']} 1"]
