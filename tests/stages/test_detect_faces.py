"""The anchors' first pass."""

from pathlib import Path

import numpy as np
import pytest

from stages.detect_faces import GROUP, DetectFaces, DetectFacesSettings, cut_faces, locate_faces
from stages.faces.align import align_face
from stages.faces.detect import Face
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.models import ModelSettings


def test_every_frame_comes_back_with_its_faces_or_with_none(repository: Path) -> None:
    frame = decode_image((repository / "weights/bundled/demo/faces/face_02.jpg").read_bytes())
    locate = DetectFaces(DetectFacesSettings(ModelSettings(device="cpu")))
    row = locate.process({"index": 5, "frames": [frame, np.zeros_like(frame), frame]})
    assert row["index"] == 5
    first, nothing, last = row["located"]
    assert nothing == []
    for (seen,) in (first, last):
        assert seen.face.landmarks.shape == (68, 2)


@pytest.mark.slow
def test_groups_in_workers_find_what_one_process_finds_in_the_whole_clip(repository: Path) -> None:
    frames = read_clip(repository / "weights/bundled/demo/smile.mp4", 2 * GROUP).frames
    locate = DetectFaces(DetectFacesSettings(ModelSettings(device="cpu")))
    whole = locate_faces(locate.models.finder, frames)
    groups = [locate.process({"index": 0, "frames": frames[at : at + GROUP]})["located"] for at in (0, GROUP)]
    for (ours,), (theirs,) in zip(whole, groups[0] + groups[1], strict=True):
        np.testing.assert_array_equal(ours.face.landmarks, theirs.face.landmarks)


def test_a_crop_from_a_window_is_the_crop_from_the_frame() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    frame = np.repeat(np.repeat(frame[::8, ::8], 8, axis=0), 8, axis=1)
    for scale, corner in ((1.0, (300, 200)), (1.0, (0, 10)), (0.4, (650, 480))):
        face = Face(points(scale) + corner, np.zeros(4), 0.9, 0)
        seen = cut_faces(frame, [face])[0]
        assert seen.window.shape[0] < 600 or scale == 1.0
        ours, whole = seen.aligned(face.landmarks).astype(int), align_face(frame, face.landmarks, 256)
        assert np.abs(ours - whole).max() <= 1  # landmarks are float32, and rounded elsewhere in another frame


def test_a_window_of_a_huge_frame_is_small_and_a_crowd_gives_four() -> None:
    frame = np.zeros((2160, 3840, 3), np.uint8)
    faces = [
        Face(points(12.0) + np.array((1000 + 10 * index, 500), np.float32), np.zeros(4), 0.9, 6) for index in range(7)
    ]
    seen = cut_faces(frame, faces)
    assert len(seen) == 4
    assert max(seen[0].window.shape) < 1000
    assert seen[0].aligned(faces[0].landmarks).shape == (256, 256, 3)


def points(scale: float) -> np.ndarray:
    """Landmarks of a face about 100 pixels wide."""
    marks = np.zeros((68, 2), np.float32)
    marks[:] = (50, 60)
    marks[36:42], marks[42:48], marks[48], marks[54] = (30, 40), (70, 40), (35, 80), (65, 80)
    return marks * np.float32(scale)
