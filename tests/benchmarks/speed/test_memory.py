"""A render worker's memory."""

import pytest

from benchmarks.speed import memory
from benchmarks.speed.memory import SETTLED, main, memory_rows


def test_too_few_rows_tell_nothing_of_growth() -> None:
    with pytest.raises(ValueError, match=f"expected more than {SETTLED}, found {SETTLED}"):
        next(memory_rows(64, SETTLED, 2))
    with pytest.raises(SystemExit):
        main(["--rows", str(SETTLED)])


@pytest.mark.slow
@pytest.mark.usefixtures("narrow_networks")
def test_a_worker_of_a_small_generator_needs_less_than_one_of_a_large_one_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SETTLED", 1)
    rows = list(memory_rows(64, 2, 2))
    assert rows[0].met and all(row.ratio > 0 for row in rows)
