"""The steps from a clip to its motion that need all frames at once."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import ClipError
from micromotion import read_image
from stages.detect_faces import SeenFace, cut_faces
from stages.fit_clip import follow_face
from stages.models import Models, ModelSettings


@pytest.fixture(scope="module")
def seen() -> list[SeenFace]:
    """The face of a demo image, as `DetectFaces` gives it."""
    image = read_image(Path(__file__).parents[2] / "weights/bundled/demo/faces/face_01.jpg")
    return cut_faces(image, Models(ModelSettings()).finder.find_all(image))


def test_frames_without_the_face_are_left_out_and_the_others_keep_their_times(seen: list[SeenFace]) -> None:
    warnings: list[str] = []
    face = follow_face([seen, [], seen, []], np.arange(4) / 10, "a.mp4", warnings.append)
    assert [crop.shape for crop in face.crops] == [(256, 256, 3)] * 2
    np.testing.assert_allclose(face.times, [0.0, 0.2])
    assert len(warnings) == 1 and "2 of 4 frames" in warnings[0]


def test_a_face_in_one_frame_is_no_motion(seen: list[SeenFace]) -> None:
    with pytest.raises(ClipError, match=r"^a\.mp4: a face is seen in 1 of 3 frames"):
        follow_face([[], seen, []], np.arange(3) / 10, "a.mp4", warn=pytest.fail)
