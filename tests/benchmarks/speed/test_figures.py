"""Lines of the tables of speed."""

import os
import sys

import pytest

from benchmarks.speed.figures import HEADING, Row, print_table, restart_on_one_thread


def test_a_line_says_whether_what_is_wanted_is_reached() -> None:
    assert Row("x", "1", "2", 2.0, 4.0).line().endswith("2.00    4.00  MISSED")
    assert Row("x", "1", "2", 5.0, 4.0).line().endswith("5.00    4.00  met")
    assert Row("x", "1", "2", 5.0).line().endswith("5.00")


def test_a_table_has_its_heading_above_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row("x", "1", "2", 5.0, 4.0)
    print_table([row, row])
    assert capsys.readouterr().out.splitlines() == [HEADING, row.line(), row.line()]


def test_a_program_starts_anew_once_and_with_its_own_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append((program, arguments)))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "some.program", "--rows", "3"])
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    restart_on_one_thread()
    restart_on_one_thread()
    assert started == [(sys.executable, ["python", "-m", "some.program", "--rows", "3"])]
