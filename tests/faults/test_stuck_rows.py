"""Rows over which a worker dies, sleeps for ever, or hangs inside a library cost their neighbours nothing."""

from pathlib import Path

import pytest

from pipeline.cluster.sizing import Node
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.run.counts import RowCounts
from tests.pipeline.tiny_run import flow, rows_of

NAMES = [*(f"f{index:02}" for index in range(12)), "jammed", "poison", "slow", "stuck", "torn"]


@pytest.mark.slow
def test_each_stuck_row_is_tried_twice_and_named_and_all_others_are_done(tmp_path: Path, ray_nodes: list[Node]) -> None:
    (tmp_path / "pictures").mkdir()
    for name in NAMES:
        (tmp_path / f"pictures/{name}.png").write_bytes(name.encode())
    rows = rows_of(tmp_path / "pictures")
    counts = RowCounts([None] * rows.num_rows)
    with Ledger.open(tmp_path / "out") as ledger, EventLog() as events:
        flow(tmp_path / "out", rows, counts, ledger, events, ray_nodes, 0.0, row_timeout=3.0).run()
        failed = {target.id: reason for target, reason in ledger.failed().items()}
        messages = {row["id"]: row["message"] for row in ledger.rows().to_pylist()}
    assert failed == {
        "jammed": "timed_out",
        "poison": "worker_crashed",
        "slow": "timed_out",
        "stuck": "timed_out",
        "torn": "worker_crashed",
    }
    assert counts.done == 12
    assert messages["slow"] == (
        "it took longer than 3 s twice, and its worker was stopped. Allow more with cluster.row_timeout"
    )
