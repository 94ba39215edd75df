"""Count how often each row was lost, and give up rows that were lost too often."""

from collections import Counter
from collections.abc import Callable, Hashable

from pipeline.engine.table import LostCause, LostRows
from stages.base import Row

# So many workers may die over a row, or be ended over their time.
MOST_DEATHS = 2
# So often a row may get lost through no fault of its own that is known: with a machine, or together with other rows.
MOST_EXCUSED = 4


class LostCounter:
    """Lost rows, counted by cause.

    Args:
        key: what a row is known by.
    """

    def __init__(self, key: Callable[[Row], Hashable]) -> None:
        self._key = key
        self._deaths, self._excused = Counter[Hashable](), Counter[Hashable]()
        self._timed_out: set[Hashable] = set()

    def count(self, lost: LostRows) -> tuple[list[Row], list[Row]]:
        """Count lost rows; returns those to run again, and those to give up."""
        again, given_up = list[Row](), list[Row]()
        for row in lost.rows:
            key = self._key(row)
            if lost.cause is LostCause.EXCUSED or len(lost.rows) > 1:  # of several nobody knows which it was
                self._excused[key] += 1
            else:
                self._deaths[key] += 1
                if lost.cause is LostCause.TIMED_OUT:
                    self._timed_out.add(key)
            late = self._deaths[key] >= MOST_DEATHS or self._excused[key] >= MOST_EXCUSED
            (given_up if late else again).append(row)
        return again, given_up

    def timed_out(self, row: Row) -> bool:
        """Whether a worker was ended because a row took too long."""
        return self._key(row) in self._timed_out
