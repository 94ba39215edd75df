"""A few anchors show what a run would refuse."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import ClipError
from stages.look_at_clip import look_at_clip
from stages.media.encode import write_video
from stages.media.open_clip import open_clip, read_clip
from stages.models import ModelSettings
from tests.pipeline.material import write_job


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clips")
    write_job(made)
    frames = read_clip(made / "clip.mp4").frames  # (6, 256, 256, 3)
    other = np.asarray(Image.open(made / "anna.png"))
    write_video(made / "still.mp4", [frames[0]] * 6, 10)
    write_video(made / "cut.mp4", [*frames[:3], other, other, other], 10)
    write_video(made / "grey.mp4", [np.full_like(frame, 128) for frame in frames], 10)
    return made


@pytest.mark.slow
def test_one_motion_of_one_person_is_said_to_be_that(folder: Path) -> None:
    look = look_at_clip(open_clip(folder / "clip.mp4", 4), ModelSettings(), iterations=1)
    assert look.doubts == ()
    assert [crop.shape for crop in look.crops] == [(256, 256, 3)] * 4
    assert len(look.renderings) == 4


@pytest.mark.parametrize(("clip", "why"), [("still", "keeps still"), ("cut", "another person"), ("grey", "0 of 4")])
@pytest.mark.slow
def test_what_a_run_would_refuse_is_refused(clip: str, why: str, folder: Path) -> None:
    with pytest.raises(ClipError, match=why):
        look_at_clip(open_clip(folder / f"{clip}.mp4", 4), ModelSettings(), iterations=1)
