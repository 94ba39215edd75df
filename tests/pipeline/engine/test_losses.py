"""How often a row may be lost, and for what."""

import pytest

from pipeline.engine.losses import MOST_DEATHS, MOST_EXCUSED, LossCounter
from pipeline.engine.table import Loss, LossCause

ROW = {"id": "anna"}


@pytest.mark.parametrize(
    ("cause", "most"),
    [(LossCause.DIED, MOST_DEATHS), (LossCause.TIMED_OUT, MOST_DEATHS), (LossCause.EXCUSED, MOST_EXCUSED)],
)
def test_a_row_has_so_many_chances(cause: LossCause, most: int) -> None:
    counter = LossCounter(lambda row: row["id"])
    for _ in range(most - 1):
        assert counter.count(Loss([ROW], cause)) == ([ROW], [])
    assert counter.count(Loss([ROW], cause)) == ([], [ROW])
    assert counter.timed_out(ROW) == (cause is LossCause.TIMED_OUT)


def test_rows_that_are_lost_together_are_not_blamed_for_it() -> None:
    counter, other = LossCounter(lambda row: row["id"]), {"id": "ben"}
    assert counter.count(Loss([ROW, other], LossCause.TIMED_OUT)) == ([ROW, other], [])
    assert not counter.timed_out(ROW)
    assert counter.count(Loss([ROW], LossCause.DIED)) == ([ROW], [])
    assert counter.count(Loss([ROW], LossCause.DIED)) == ([], [ROW])
