"""What becomes of rows: on a real Ray, and with workers that die as often as a test wants."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from common.errors import WorkStopped
from pipeline.cluster.sizing import Node, WorkerLayout, plan_workers
from pipeline.engine.flow import Arrivals
from pipeline.engine.lost_counter import MOST_EXCUSED
from pipeline.engine.table import LostCause, LostRows
from pipeline.output.event_log import Event, EventLog
from pipeline.output.ledger import Ledger
from pipeline.run import videos
from pipeline.run.counts import RowCounts
from stages.base import Row, RowStatus
from tests.pipeline.tiny_run import flow, rows_of

NODES = [Node(8.0)]
DIED, EXCUSED, TIMED_OUT = LostCause.DIED, LostCause.EXCUSED, LostCause.TIMED_OUT


def pictures_in(folder: Path, names: Iterable[str]) -> Path:
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
    counts = RowCounts([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger, EventLog(None, [heard.append]) as events:
        flow(tmp_path / "out", rows, counts, ledger, events, ray_nodes, 0.0).run()
    assert (counts.done, counts.kept, counts.failed) == (20, 0, 2)
    assert made(tmp_path / "out") == [name for name in names if name.startswith("f") and name != "faceless"]
    told = {event["id"]: event for event in heard if event["event"] == "row"}
    assert set(told) == set(names)
    assert told["faceless"]["reason"] == "no_face"
    assert told["broken"]["message"] == "RuntimeError: a stage that fails as a whole"
    finished = [event for event in heard if event["event"] == "phase"][-1]
    assert (finished["state"], finished["done"], finished["total"]) == ("finished", 22, 22)

    (tmp_path / "pictures/f03.png").write_bytes(b"another face")
    (tmp_path / "out/videos/f05.mp4").unlink()
    again = RowCounts([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger:
        flow(tmp_path / "out", rows, again, ledger, EventLog(), ray_nodes, 0.0).run(range(22))
    assert (again.done, again.kept, again.failed) == (2, 18, 2)
    assert made(tmp_path / "out").count("f03") == made(tmp_path / "out").count("f05") == 2


def test_a_row_that_kills_its_worker_is_quarantined_and_all_others_are_done(
    tmp_path: Path, ray_nodes: list[Node]
) -> None:
    names = [*(f"f{index:02}" for index in range(12)), "poison"]
    rows = rows_of(pictures_in(tmp_path / "pictures", names))
    heard: list[Event] = []
    counts = RowCounts([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger, EventLog(None, [heard.append]) as events:
        flow(tmp_path / "out", rows, counts, ledger, events, ray_nodes, 0.0).run()
        assert (counts.done, counts.failed) == (12, 1)
        assert list(ledger.failed().values()) == ["worker_crashed"]
    assert any(event["event"] == "warning" and "a worker died" in event["message"] for event in heard)


class Scripted:
    """A flow in which rows meet their fates, one for each time they are sent; without any left they are done."""

    def __init__(self, fates: dict[str, list[LostCause | RowStatus]], sizes: list[list[int]]) -> None:
        self.fates, self.sizes = {name: iter(fate) for name, fate in fates.items()}, sizes
        self.has_ready = False
        self._again: list[list[Row]] = []

    def __call__(self, steps: Any, stall: float, on_wait: Any, stopping: Any, spare: Any) -> "Scripted":
        self.on_wait = on_wait
        self.sizes.append([step.size.workers for step in steps])
        return self

    def run(self, batches: Iterable[list[Row]]) -> Iterator[Arrivals]:
        self._again = list(batches)
        while self._again:
            rows = self._again.pop(0)
            lost = [fate for row in rows if isinstance(fate := self._fate(row), LostCause)]
            if lost:
                yield Arrivals(lost=[LostRows(rows, lost[0])])
            else:
                yield Arrivals(finished=[self._finished(row) for row in rows])
            self.on_wait()

    def again(self, rows: list[Row], late: bool = False) -> None:
        self._again += [[row] for row in rows]

    def resize(self, pools: Any) -> None:
        self.sizes.append([pool.workers for pool in pools])

    def workers_json(self) -> list[Any]:
        return []

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *error: object) -> None:
        self._again = []

    def _fate(self, row: Row) -> LostCause | RowStatus:
        row["fate"] = next(self.fates.get(row["id"], iter(())), RowStatus.DONE)
        return row["fate"]

    def _finished(self, row: Row) -> Row:
        said = "videos cannot be written: No such file." if row["fate"] == RowStatus.BLOCKED else ""
        return row | {"status": row["fate"], "reason": "", "message": said, "key": "k", "frames": 1}


@pytest.fixture
def rows(tmp_path: Path) -> pa.Table:
    return rows_of(pictures_in(tmp_path / "pictures", ("anna", "ben", "cleo")))


def outcome(
    rows: pa.Table,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    fates: dict[str, list[Any]],
    last: Iterable[int] = (),
    sizes: list[list[int]] | None = None,
    **others: Any,
) -> dict[str, str]:
    """What is known of each row after it met these fates."""
    monkeypatch.setattr(videos, "Flow", Scripted(fates, [] if sizes is None else sizes))
    with Ledger.open(output) as ledger, EventLog() as events:
        counts = RowCounts([None] * rows.num_rows)
        flow(output, rows, counts, ledger, events, NODES, 0.0, **others).run(list(last))
        return {row["id"]: row["reason"] or row["status"] for row in ledger.rows().to_pylist()}


@pytest.mark.parametrize(
    ("fates", "known"),
    [
        ([DIED], "done"),
        ([DIED, DIED], "worker_crashed"),
        ([TIMED_OUT], "done"),
        ([TIMED_OUT, TIMED_OUT], "timed_out"),
        ([DIED, TIMED_OUT], "timed_out"),
        ([EXCUSED] * (MOST_EXCUSED - 1), "done"),
        ([EXCUSED] * MOST_EXCUSED, "worker_crashed"),
        ([EXCUSED, DIED, EXCUSED], "done"),
        ([RowStatus.BLOCKED], "done"),
        ([RowStatus.BLOCKED, RowStatus.BLOCKED], "encode_failed"),
    ],
    ids=str,
)
def test_a_row_is_tried_again_and_then_given_up(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fates: list[Any], known: str
) -> None:
    found = outcome(rows, tmp_path / "out", monkeypatch, {"ben": fates})
    assert found == {"anna": "done", "ben": known, "cleo": "done"}


def test_rows_that_were_lost_together_are_run_by_themselves_and_none_of_them_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = rows_of(pictures_in(tmp_path / "pictures", [f"f{index:03}" for index in range(100)]))
    sizes: list[list[int]] = []
    found = outcome(many, tmp_path / "out", monkeypatch, {"f007": [DIED, DIED]}, last=range(100), sizes=sizes)
    assert set(found.values()) == {"done"}, "once with others, and once by itself"
    assert sizes[0] == [1, 1], "hardly any work: no more than one worker loads its networks for it"


def test_where_no_machine_can_work_the_run_waits_and_then_stops_with_a_sentence(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plan_workers(NODES, 3)
    layouts: Iterator[WorkerLayout | None] = chain([layout, None, None], repeat(layout))
    monkeypatch.setattr("pipeline.run.outages.LOOK_SECONDS", 0.0)
    fates = {"anna": [EXCUSED]}  # the machines are looked at when one may have gone
    known = outcome(rows, tmp_path / "a", monkeypatch, fates, replan=layouts.__next__, patience=60)
    assert set(known.values()) == {"done"}
    with pytest.raises(WorkStopped, match="no machine of the cluster can work now"):
        outcome(rows, tmp_path / "b", monkeypatch, {}, replan=lambda: None)


def test_machines_that_join_are_put_to_work_where_that_is_worth_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = rows_of(pictures_in(tmp_path / "pictures", [f"f{index:03}" for index in range(100)]))
    small, large = plan_workers([Node(4.0)], 100), plan_workers([Node(4.0)] * 2, 100)
    monkeypatch.setattr(videos, "GROWTH_SECONDS", 0.0)
    sizes: list[list[int]] = []
    layouts = chain([small] * 3, repeat(large))
    outcome(many, tmp_path / "out", monkeypatch, {}, sizes=sizes, replan=layouts.__next__)
    assert [one[1] for one in sizes] == [4, 8], "once, and as many as fit"
