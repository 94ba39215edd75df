"""How often a row may be lost, and for what."""

import pytest

from pipeline.engine.lost_counter import MOST_DEATHS, MOST_EXCUSED, LostCounter
from pipeline.engine.table import LostCause, LostRows

ROW = {"id": "anna"}


@pytest.mark.parametrize(
    ("cause", "most"),
    [(LostCause.DIED, MOST_DEATHS), (LostCause.TIMED_OUT, MOST_DEATHS), (LostCause.EXCUSED, MOST_EXCUSED)],
)
def test_a_row_has_so_many_chances(cause: LostCause, most: int) -> None:
    counter = LostCounter(lambda row: row["id"])
    for _ in range(most - 1):
        assert counter.count(LostRows([ROW], cause)) == ([ROW], [])
    assert counter.count(LostRows([ROW], cause)) == ([], [ROW])
    assert counter.timed_out(ROW) == (cause is LostCause.TIMED_OUT)


def test_rows_that_are_lost_together_are_not_blamed_for_it() -> None:
    counter, other = LostCounter(lambda row: row["id"]), {"id": "ben"}
    assert counter.count(LostRows([ROW, other], LostCause.TIMED_OUT)) == ([ROW, other], [])
    assert not counter.timed_out(ROW)
    assert counter.count(LostRows([ROW], LostCause.DIED)) == ([ROW], [])
    assert counter.count(LostRows([ROW], LostCause.DIED)) == ([], [ROW])
