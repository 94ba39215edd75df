"""A video's frames, small, for its card."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.report.thumbnails import HEIGHT, make_thumbnail, make_thumbnails
from tests.pipeline.report.made_results import make_video


@pytest.mark.parametrize(("frames", "shots"), [(9, 3), (2, 2), (1, 1)])
def test_a_poster_holds_the_first_the_middle_and_the_last_frame(tmp_path: Path, frames: int, shots: int):
    made = make_thumbnail(make_video(tmp_path / "v.mp4", "96x64", frames), frames)
    assert made is not None
    assert made.shots == shots
    (tmp_path / "poster.jpg").write_bytes(made.jpeg)
    assert Image.open(tmp_path / "poster.jpg").size == (shots * HEIGHT * 96 // 64, HEIGHT)


def test_a_missing_or_broken_video_has_no_poster(tmp_path: Path):
    (tmp_path / "broken.mp4").write_bytes(b"\x00" * 100)
    found = make_thumbnails(
        {tmp_path / "broken.mp4": 9, tmp_path / "gone.mp4": 9, make_video(tmp_path / "whole.mp4"): 9}
    )
    assert list(found) == [tmp_path / "whole.mp4"]


def test_no_time_means_no_poster(tmp_path: Path):
    assert make_thumbnail(make_video(tmp_path / "v.mp4"), 9, seconds=0.0) is None
