"""Rows that stand finished are looked at on the driver."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.output.event_log import Event, EventLog
from pipeline.output.ledger import Ledger
from pipeline.run.counts import RowCounts
from pipeline.run.outcomes import EarlierFailure, Outcomes
from pipeline.run.unchanged import take_in_unchanged
from stages.align_faces import content_key
from stages.base import Target

NAMES = ("anna", "ben", "cleo", "dora")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / f"{name}.png").write_bytes(name.encode())
    return tmp_path


def rows(folder: Path) -> pa.Table:
    images = [str(folder / f"{name}.png") for name in NAMES]
    count = len(NAMES)
    columns = {"order": list(range(count)), "id": list(NAMES), "image": images}
    return pa.table(columns | {"motion": ["smile"] * count, "strength": [1.0] * count})


def test_what_is_as_it_was_is_taken_in_and_everything_else_is_left_for_the_run(pictures: Path) -> None:
    done = {Target(name, content_key(name.encode(), "digest", 1.0)) for name in ("anna", "ben", "dora")}
    failed = {Target("cleo", content_key(b"cleo", "digest", 1.0)): EarlierFailure("no_face", "no face was found")}
    (pictures / "ben.png").write_bytes(b"another ben")
    (pictures / "dora.png").unlink()
    counts, heard = RowCounts([None] * 4), list[Event]()
    with Ledger.open(pictures / "out") as ledger, EventLog(None, [heard.append]) as events:
        outcomes = Outcomes(rows(pictures), counts, ledger, events, {"smile": "digest"}, failed)
        looked = list(take_in_unchanged(outcomes, range(4), set(), done | failed.keys(), 10.0))
    assert looked == [4]
    assert (counts.kept, counts.failed, counts.missing()) == (1, 1, [1, 3])
    said = [(event["id"], event["reason"], event["message"]) for event in heard if event["event"] == "row"]
    assert said == [("cleo", "no_face", "failed before, not tried again: no face was found")]


def test_a_picture_that_still_cannot_be_read_fails_again_and_one_that_can_goes_to_the_run(pictures: Path) -> None:
    (pictures / "dora.png").unlink()
    counts = RowCounts([None] * 4)
    with Ledger.open(pictures / "out") as ledger:
        outcomes = Outcomes(rows(pictures), counts, ledger, EventLog(), {"smile": "digest"}, {})
        list(take_in_unchanged(outcomes, [2, 3], {2, 3}, set(), 10.0))
        ledger.flush()
        assert ledger.rows()["reason"].to_pylist() == ["unreadable_image"]
    assert (counts.failed, counts.missing(), counts.keys[3]) == (1, [0, 1, 2], "")
