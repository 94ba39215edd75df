"""Tracebacks are kept in files, the latest few."""

import os
from pathlib import Path

import pytest

from pipeline.cli.error_files import MOST_KEPT, write_down


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "micromotion-error-of-others.txt").write_text("stays")
    made = []
    for number in range(MOST_KEPT + 3):
        made.append(write_down(ValueError(f"the {number}th, \udcff")))
        os.utime(made[-1], (number, number))
    last = write_down(ValueError("the last"))
    assert [path.exists() for path in made] == [False] * 4 + [True] * (MOST_KEPT - 1)
    assert "the last" in last.read_text()
    assert (tmp_path / "micromotion-error-of-others.txt").exists()
