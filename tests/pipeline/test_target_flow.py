"""What becomes of rows that get lost again and again: by their own fault, and by that of the machines they were on."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import target_flow
from pipeline.events import EventLog
from pipeline.ledger import Ledger
from pipeline.resources import Layout, Node, plan_workers
from pipeline.signs_of_life import Roll, Sign
from pipeline.tally import Tally
from pipeline.target_flow import MOST_EXCUSED
from stages.errors import WorkStopped
from tests.pipeline.tiny_run import flow, rows_of

# What happens in one pass: takes the ids that are sent and the workers' roll, and gives the ids that come out.
Pass = Callable[[list[str], Roll], list[str]]
NODES = [Node(8.0)]


@pytest.fixture
def rows(tmp_path: Path) -> pa.Table:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("anna", "ben", "cleo"):
        (folder / f"{name}.png").write_bytes(name.encode())
    return rows_of(folder)


def after(
    passes: list[Pass], rows: pa.Table, output: Path, monkeypatch: pytest.MonkeyPatch, **others: Any
) -> dict[str, str]:
    """What is known of each row after passes that go like these; only machines dying can't be had here."""
    todo = iter(passes)

    def run_flow(sent: pa.Table, *arguments: Any) -> Iterator[list[dict[str, Any]]]:
        roll = next(argument for argument in arguments if isinstance(argument, Roll))
        come = next(todo)(sent["id"].to_pylist(), roll)
        done = {"status": "done", "reason": "", "message": "", "key": "k", "frames": 1}
        yield [row | done for row in sent.to_pylist() if row["id"] in come]

    monkeypatch.setattr(target_flow, "run_flow", run_flow)
    with Ledger.open(output) as ledger, EventLog() as events:
        flow(output, ledger, events, NODES, 0.0, **others).run(rows, Tally([None] * rows.num_rows))
        known = {row["id"]: row["reason"] or row["status"] for row in ledger.rows().to_pylist()}
    assert next(todo, None) is None, "fewer passes than expected"
    return known


def loses(lost: str, machine: str) -> Pass:
    """A pass in which a worker on a machine goes while it has a row in hand, and the machine named `up` lives."""

    def go(sent: list[str], roll: Roll) -> list[str]:
        roll.hear([Sign("w", "life", "host", 1, "Produce", "working", (lost,), count=1, machine=machine)])
        roll.machines = {"up"}
        return [name for name in sent if name != lost]

    return go


def everything(sent: list[str], roll: Roll) -> list[str]:
    return sent


def nothing(sent: list[str], roll: Roll) -> list[str]:
    roll.machines = {"up"}
    return []


def test_a_row_over_which_its_worker_dies_twice_is_given_up(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = after([loses("ben", "up"), loses("ben", "up")], rows, tmp_path / "out", monkeypatch)
    assert known == {"anna": "done", "ben": "worker_crashed", "cleo": "done"}


def test_a_row_that_gets_lost_with_its_machine_is_run_again(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = [loses("ben", "gone"), loses("ben", "gone"), nothing, everything]
    known = after(passes, rows, tmp_path / "out", monkeypatch)
    assert known == {"anna": "done", "ben": "done", "cleo": "done"}


def test_a_row_that_takes_every_machine_along_is_given_up_in_the_end(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = after([loses("ben", "gone")] * (2 + MOST_EXCUSED), rows, tmp_path / "out", monkeypatch)
    assert known == {"anna": "done", "ben": "worker_crashed", "cleo": "done"}


def test_where_no_machine_can_work_the_run_waits_and_then_stops_with_a_sentence(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plan_workers(NODES, 3)
    layouts: Iterator[Layout | None] = chain([layout, None, None], repeat(layout))
    monkeypatch.setattr("pipeline.outages.LOOK_SECONDS", 0.0)
    told = after(
        [loses("ben", "gone"), everything], rows, tmp_path / "a", monkeypatch, replan=layouts.__next__, patience=60
    )
    assert set(told.values()) == {"done"}
    with pytest.raises(WorkStopped, match="no machine of the cluster can work now. What is done is kept"):
        after([everything], rows, tmp_path / "b", monkeypatch, replan=lambda: None)
