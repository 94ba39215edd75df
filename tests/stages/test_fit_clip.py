"""The steps from a clip to its motion that need all frames at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import ClipError
from micromotion import read_image
from stages.base import Row
from stages.detect_faces import SeenFace, cut_faces
from stages.fit_clip import ClipAnchors, FollowedFace, anchors_of, check_anchors, fit_anchors, follow_face
from stages.media.open_clip import OpenClip
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


CLIP = OpenClip(Path("a.mp4"), np.arange(6) / 10, 10.0, 6, 64, 64, "a-hash", (), lambda: iter(()))


def inverted(qualities: list[float]) -> list[Row]:
    """What `invert_anchors` gives, of codes and images that say their number."""
    return [
        {
            "index": index,
            "code": np.full((2, 512), index, np.float32),
            "quality": quality,
            "landmarks": np.full((68, 2), index),
            "rendered_landmarks": np.full((68, 2), -index),
            "identity": np.full(4, index),
            "rendering": np.full((8, 8, 3), index, np.uint8),
        }
        for index, quality in enumerate(qualities)
    ]


def face_of(frames: int) -> FollowedFace:
    return FollowedFace([np.full((256, 256, 3), index, np.uint8) for index in range(frames)], np.arange(frames) / 10)


def test_anchors_are_those_whose_codes_show_the_face_each_with_all_that_is_its_own() -> None:
    said: list[str] = []
    anchors = anchors_of(CLIP, face_of(4), inverted([30.0, 1.0, 30.0, 30.0]), said.append)
    assert (anchors.path, anchors.source) == (Path("a.mp4"), "a-hash")
    np.testing.assert_allclose(anchors.times, [0.0, 0.2, 0.3])
    for numbers in (
        anchors.codes[:, 0, 0],
        anchors.landmarks[:, 0, 0],
        -anchors.rendered[:, 0, 0],
        anchors.identities[:, 0],
        [crop[0, 0, 0] for crop in anchors.crops],
        [rendering[0, 0, 0] for rendering in anchors.renderings],
    ):
        assert list(numbers) == [0, 2, 3]
    assert len(said) == 1 and said[0].startswith("at 0.10 s ")


@pytest.mark.parametrize("broken", [1.0, float("nan")])
def test_a_clip_of_which_one_frame_can_be_inverted_is_refused(broken: float) -> None:
    rows = inverted([30.0, 30.0 if np.isnan(broken) else broken, 1.0])
    if np.isnan(broken):
        rows[1]["code"][0, 0] = broken
    with pytest.raises(ClipError, match=r"^a\.mp4: 1 of 3 frames could be inverted"):
        anchors_of(CLIP, face_of(3), rows, lambda message: None)


def moving(frames: int = 8, turned_back: bool = False) -> ClipAnchors:
    """Anchors whose codes and landmarks go straight from rest to a wide open mouth, of one person."""
    way = np.linspace(0, 1, frames)[:: -1 if turned_back else 1].astype(np.float32)
    rest = np.random.default_rng(0).normal(size=(2, 512)).astype(np.float32)
    moved = np.random.default_rng(1).normal(size=(2, 512)).astype(np.float32)
    points = np.random.default_rng(2).random((68, 2)).astype(np.float32)
    points[[36, 45]], points[[48, 54, 62, 66]] = (
        [[0.3, 0.4], [0.7, 0.4]],
        [[0.4, 0.7], [0.6, 0.7], [0.5, 0.7], [0.5, 0.7]],
    )
    open_mouth = np.zeros((68, 2), np.float32)
    open_mouth[66, 1] = 0.2
    return ClipAnchors(
        path="a.mp4",
        source="a-hash",
        times=np.arange(frames) / 10,
        codes=rest + way[:, None, None] * moved,
        landmarks=points + way[:, None, None] * open_mouth,
        rendered=points + way[:, None, None] * open_mouth,
        skin=np.zeros((frames, 5, 3), np.float32),
        rendered_skin=way[:, None, None] * np.ones((5, 3), np.float32),
        identities=np.tile(np.eye(4)[0], (frames, 1)),
        crops=[np.zeros((256, 256, 3), np.uint8)] * frames,
        renderings=[np.zeros((8, 8, 3), np.uint8)] * frames,
    )


def test_one_motion_of_one_person_from_rest_passes_as_it_is() -> None:
    anchors = moving()
    checked = check_anchors(anchors, warn=pytest.fail)
    np.testing.assert_array_equal(checked.codes, anchors.codes)
    assert len(checked.crops) == len(checked.renderings) == 8


def test_anchors_of_a_passer_by_are_left_out_of_everything_and_told_by_their_time() -> None:
    anchors, said = moving(), list[str]()
    anchors.identities[3] = np.eye(4)[1]
    checked = check_anchors(anchors, said.append)
    np.testing.assert_allclose(checked.times, np.delete(anchors.times, 3))
    assert {len(getattr(checked, name)) for name in ("codes", "landmarks", "rendered", "crops", "renderings")} == {7}
    assert len(said) == 1 and "0.30" in said[0]


def test_another_person_for_long_or_a_face_that_keeps_still_is_refused() -> None:
    anchors = moving()
    anchors.identities[4:] = np.eye(4)[1]
    with pytest.raises(ClipError, match=r"^a\.mp4: another person"):
        check_anchors(anchors, warn=pytest.fail)
    still = moving()
    still.codes[:], still.landmarks[:] = still.codes[0], still.landmarks[0]
    with pytest.raises(ClipError, match=r"^a\.mp4: the face keeps still"):
        check_anchors(still, warn=pytest.fail)


def test_a_clip_that_runs_towards_rest_is_told_and_not_refused() -> None:
    said: list[str] = []
    assert len(check_anchors(moving(turned_back=True), said.append).times) == 8
    assert len(said) == 1 and "0.70 s" in said[0]


def test_a_motion_is_that_of_its_anchors_and_names_where_it_comes_from() -> None:
    anchors = moving()
    motion = fit_anchors(anchors, "a-generator", warn=pytest.fail)
    way = torch.from_numpy(anchors.codes[-1] - anchors.codes[0])
    torch.testing.assert_close(motion.direction, way, atol=0.02 * float(way.abs().max()), rtol=0)
    assert (motion.source, motion.generator) == ("a-hash", "a-generator")
    assert motion.fps == pytest.approx(10) and motion.times is not None
    assert motion.times.tolist() == pytest.approx(anchors.times.tolist())


def test_codes_that_went_less_far_than_the_clip_are_made_up_for() -> None:
    anchors = moving()
    rest = anchors.landmarks[0]
    less = replace(anchors, rendered=rest + (anchors.landmarks - rest) / 1.25)
    whole, lengthened = (fit_anchors(one, "", warn=pytest.fail) for one in (anchors, less))
    assert float(lengthened.direction.norm() / whole.direction.norm()) == pytest.approx(1.25, rel=0.05)


def test_tones_that_change_in_the_codes_images_alone_are_not_the_motion_s() -> None:
    anchors = moving()
    same = replace(anchors, skin=anchors.rendered_skin)
    assert [fit_anchors(one, "", warn=pytest.fail).tone_share for one in (anchors, same)] == pytest.approx(
        [0, 1], abs=0.01
    )


def test_an_anchor_that_shows_something_else_is_told_by_its_time_and_moves_nothing() -> None:
    anchors, said = moving(16), list[str]()
    anchors.codes[5] = anchors.codes[5] + 8 * np.random.default_rng(3).normal(size=(2, 512)).astype(np.float32)
    motion = fit_anchors(anchors, "", said.append)
    assert motion.stray == (5,)
    assert len(said) == 1 and "0.50 s" in said[0]
    torch.testing.assert_close(motion.direction, fit_anchors(moving(16), "", pytest.fail).direction, atol=0.1, rtol=0.1)
