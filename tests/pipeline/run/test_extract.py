"""What an extraction refuses before it starts anything."""

from pathlib import Path

import pytest

from common.errors import ClipError, OutputError
from pipeline.job.motion_spec import MotionSpec
from pipeline.output.event_log import EventLog
from pipeline.run.extract import run_extraction


def test_the_image_of_the_anchors_is_never_written_over_the_clip(tmp_path: Path) -> None:
    clip = tmp_path / "smile.png"  # an animated one
    clip.write_bytes(b"clip")
    with pytest.raises(OutputError, match="would be written over the clip"):
        run_extraction(MotionSpec(clip=str(clip)), tmp_path / "smile.safetensors", EventLog(None))
    assert clip.read_bytes() == b"clip"


def test_a_clip_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="there is no such file"):
        run_extraction(MotionSpec(clip=str(tmp_path / "a.mp4")), tmp_path / "a.safetensors", EventLog(None))
