"""The table of a row's cost: its lines come from real rows."""

from functools import partial
from pathlib import Path

import pytest

from benchmarks.speed import rows
from benchmarks.speed.rows import Bench, demo_rows, main, own_memory
from pipeline.job.load import load_job


def test_one_row_is_too_few_for_a_median_without_the_first() -> None:
    with pytest.raises(SystemExit):
        main(["--rows", "1"])


def test_memory_is_that_of_this_process() -> None:
    assert 0 <= own_memory() < 20_000


@pytest.mark.slow
def test_every_line_has_a_figure_and_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "load_job", partial(load_job, overrides=["video.frames=8"]))
    lines = list(demo_rows(Bench(2, tmp_path)))
    assert all(line.ratio > 0 and line.wanted is not None for line in lines)
    assert sum(line.name.startswith("plan, ") for line in lines) == 2
    assert len(list((tmp_path / "videos").glob("*.mp4"))) == 2
