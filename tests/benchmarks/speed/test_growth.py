"""Plots of growth: what they draw is what a plan expects."""

from pathlib import Path

import pytest

from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from pipeline.run.cost import row_seconds
from tests.pipeline.material import write_job


@pytest.mark.slow
def test_lines_are_the_plans_and_points_what_was_measured(tmp_path: Path) -> None:
    from benchmarks.speed.growth import COLOURS, FRAMES, draw, with_frames, with_resolution  # imports Matplotlib

    checked = check_job(load_job(write_job(tmp_path)))
    assert row_seconds(with_frames(checked, 240)) > row_seconds(with_frames(checked, 15))
    assert row_seconds(with_resolution(checked, 1024)) > row_seconds(checked)
    measured = {pixels: [float(count) for count in FRAMES] for pixels in COLOURS}
    plots = draw(checked, measured).axes
    assert len(plots) == 3
    drawn = [list(line.get_ydata()) for line in plots[0].lines]  # type: ignore[arg-type]
    assert drawn[1] == drawn[3] == measured["picture"]
    assert drawn[0] != drawn[2]
