"""A job on networks of published layouts."""

from pathlib import Path

import pytest

from benchmarks.speed.published_job import write_published_job
from benchmarks.speed.rows import Bench, published_rows


@pytest.mark.slow
@pytest.mark.usefixtures("narrow_networks")
def test_its_rows_are_made_and_compared_with_their_frames_alone(tmp_path: Path) -> None:
    bench = Bench(2, tmp_path, write_published_job(tmp_path, 64, frames=4))
    lines = list(published_rows(bench))
    assert bench.checked.model.resolution == 64
    assert all(line.ratio > 0 and line.wanted is not None for line in lines)
    assert all(0 < line.ratio < 1 for line in lines[1:])  # the frames alone cost less than the row
