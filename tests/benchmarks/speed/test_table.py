"""The table of all figures: every part's lines come, and one that fails says so."""

from functools import partial

import pytest

from benchmarks.speed import table
from benchmarks.speed.figures import Row
from benchmarks.speed.table import QUICK, WHOLE, all_rows, parse


@pytest.mark.slow
def test_a_part_that_fails_is_a_line_that_is_missed_and_the_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    rows = [Row("a", "1", "2", 2.0), Row("b", "1", "2", 2.0, 1.0)]
    found = list(all_rows({"good": partial(iter, rows), "bad": partial(iter, 3), "ends": partial(exit, "no")}))  # type: ignore[dict-item, call-overload]
    assert found[:2] == [("good", rows[0]), ("good", rows[1])]
    assert [(name, row.name, row.met) for name, row in found[2:]] == [
        ("bad", "does not run", False),
        ("ends", "does not run", False),
    ]
    assert found[3][1].beside == "no"


def test_parts_are_chosen_by_their_commands() -> None:
    assert parse([]) == WHOLE
    assert parse(["--quick"]) == QUICK
    assert list(parse(["--quick", "--only", "rows"])) == ["rows", "rows --size 256"]


def test_all_lines_are_printed_under_one_heading_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("a", "1", "2", 2.0), Row("b", "1", "2", 2.0, 1.0), Row("c", "1", "2", 0.5, 1.0)]
    monkeypatch.setattr(table, "all_rows", lambda parts: (("rows", row) for row in rows))
    table.main(["--only", "rows"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("wanted") and lines[-1] == "1 of 2 met"
