"""What `workers.json` says of a worker."""

import time

import pytest

from pipeline.cluster.sizing import PoolSize
from pipeline.engine.table import Member, Place, State, workers_json


def test_a_worker_is_told_with_what_it_has_in_hand_and_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "time", lambda: 5000.0)
    starting, idle, busy = (Member(None, name, PoolSize(1, 1.0)) for name in "abc")
    for number, member in enumerate((idle, busy)):
        member.place = Place("host", number, "node")
        member.enter(State.IDLE)
    busy.rows = [{"id": "anna"}, {"index": 3}]
    busy.enter(State.BUSY, "d")
    clock[0] = 130.0
    told = workers_json("Produce", [starting, idle, busy])
    assert [(one["process"], one["rows"], one["since"]) for one in told] == [(0, [], 0.0), (1, ["anna", "3"], 30.0)]
    assert {(one["stage"], one["node"], one["heard"]) for one in told} == {("Produce", "host", 4970.0)}
