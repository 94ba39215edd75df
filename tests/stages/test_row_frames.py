"""What a row's frames show."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stages import row_frames
from stages.faces.align import align_face, face_quad, shares_of_quad
from stages.invert import InvertedFace
from stages.media.decode_image import decode_image
from stages.models import Models
from stages.motion.displacement import Displacement
from stages.picture.mover import Mover
from stages.row_frames import frames_of_generator, frames_of_image, own_crop, own_side


@pytest.fixture(scope="module")
def picture(repository: Path) -> np.ndarray:
    return decode_image((repository / "weights/bundled/demo/faces/face_01.jpg").read_bytes())


@pytest.fixture(scope="module")
def landmarks(models: Models, picture: np.ndarray) -> np.ndarray:
    return models.finder.find(picture).landmarks.astype(float)


def codes(models: Models, *places: float) -> tuple[Tensor, Tensor]:
    """A face's code, and a path that goes through multiples of one step from it."""
    ends = models.generator.map(torch.randn(2, 512, generator=torch.Generator().manual_seed(3)))
    return ends[0], ends[0] + torch.tensor(places)[:, None, None] * 0.1 * (ends[1] - ends[0])


def test_a_crop_of_its_own_resolution_is_the_aligned_face_and_never_enlarged(
    picture: np.ndarray, landmarks: np.ndarray
) -> None:
    quad = face_quad(landmarks)
    whole = float(np.linalg.norm(quad[3] - quad[0]))
    for longest in (64, 101, 8192):
        crop, inside = own_crop(picture, landmarks, longest)
        side = own_side(landmarks, longest)
        assert crop.shape == (side, side, 3) and side % 2 == 0
        assert side <= min(longest, whole) < side + 2 or side <= whole < side + 2
        np.testing.assert_array_equal(crop, align_face(picture, landmarks, side))
        np.testing.assert_allclose(inside, shares_of_quad(landmarks, quad) * side)


@pytest.mark.parametrize("room", [0, 1 << 30])
@pytest.mark.slow
def test_frames_that_come_again_are_made_once_where_they_can_be_kept(
    models: Models, picture: np.ndarray, landmarks: np.ndarray, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []
    make = Mover.frame

    def frame(mover: Mover, place: np.ndarray) -> np.ndarray:
        made.append(float(place[0]))
        return make(mover, place)

    monkeypatch.setattr(row_frames, "KEPT_BYTES", room)
    monkeypatch.setattr(Mover, "frame", frame)
    frames = list(frames_of_image(models, picture, landmarks, *codes(models, 0.0, 1, 2, 2, 1, 0)).frames)
    assert len(made) == (6 if room == 0 else 3)
    for first, again in ((0, 5), (1, 4), (2, 3)):
        np.testing.assert_array_equal(frames[first], frames[again])
    np.testing.assert_array_equal(frames[0], picture)
    assert not np.array_equal(frames[1], frames[2])


@pytest.mark.slow
def test_what_is_asked_begins_at_the_faces_own_landmarks_and_goes_as_far_as_the_path(
    models: Models, picture: np.ndarray, landmarks: np.ndarray
) -> None:
    shown = frames_of_image(models, picture, landmarks, *codes(models, 0.0, 2, 4))
    assert shown.asked is not None
    rest, half, end = shown.asked([0, 1, 2])
    away = np.abs(rest - shares_of_quad(landmarks, face_quad(landmarks)))
    eyes = slice(36, 48)  # outlined anew by what the image shows
    assert away[eyes].max() < 0.02 and np.delete(away, np.r_[eyes], axis=0).max() < 2e-3
    assert 0 < np.linalg.norm(half - rest) < np.linalg.norm(end - rest)


@pytest.mark.slow
def test_landmarks_go_nowhere_where_those_of_the_anchors_do_not(
    models: Models, picture: np.ndarray, landmarks: np.ndarray
) -> None:
    rest, path = codes(models, 0.0, 2)
    shown = frames_of_image(
        models,
        picture,
        landmarks,
        rest,
        path,
        Displacement((path[-1] - rest)[None], np.ones(1), landmarks, np.zeros((1, 68, 2))),
    )
    assert shown.asked is not None
    still, end = shown.asked([0, 1])
    np.testing.assert_allclose(still, end, atol=1e-6)


@pytest.mark.slow
def test_a_face_that_only_the_generator_darkens_stays_as_light_where_its_anchors_do(
    models: Models, picture: np.ndarray, landmarks: np.ndarray
) -> None:
    rest, path = codes(models, 0.0, 4)
    direction = (path[-1] - rest)[None]
    still = np.zeros((1, 68, 2))
    ends = []
    for share in (0.0, 1.0):
        displacement = Displacement(direction, np.ones(1), landmarks, still, share)
        first, last = frames_of_image(models, picture, landmarks, rest, path, displacement).frames
        ends.append(np.abs(last.astype(int) - first).mean())
    assert 0 < ends[0] < 0.7 * ends[1]


@pytest.mark.slow
def test_the_aligned_face_of_a_whole_picture_and_of_its_crop_is_the_same(
    models: Models, picture: np.ndarray, landmarks: np.ndarray
) -> None:
    crop, inside = own_crop(picture, landmarks, 8192)
    path = codes(models, 0.0, 1)
    faces = [
        shown.aligned(shown.still).astype(int)
        for shown in (frames_of_image(models, picture, landmarks, *path), frames_of_image(models, crop, inside, *path))
    ]
    assert np.abs(faces[0] - faces[1]).mean() < 2
    assert np.abs(faces[0] - align_face(picture, landmarks)).mean() < 3


@pytest.mark.parametrize("room", [0, 1 << 30])
def test_the_generator_renders_codes_that_come_again_once_where_they_can_be_kept(
    models: Models, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    synthesize = models.generator.synthesize

    def count(part: Tensor) -> Tensor:
        rendered.append(len(part))
        return synthesize(part)

    monkeypatch.setattr(row_frames, "KEPT_BYTES", room)
    monkeypatch.setattr(models.generator, "synthesize", count)
    path = codes(models, 0.0, 1, 2, 2, 1, 0)[1]
    made = frames_of_generator(models, np.zeros((256, 256, 3), np.uint8), path)
    frames = [frame.copy() for frame in made.frames]
    assert list(made.same_as) == [0, 1, 2, 2, 1, 0]
    assert sum(rendered) == (6 if room == 0 else 3)
    monkeypatch.undo()
    for frame, code in zip(frames, path, strict=True):
        expected = next(row_frames.render_frames(models.generator, code[None]))[0]
        assert np.abs(frame.astype(int) - expected).max() <= 1
    for first, again in ((0, 5), (1, 4), (2, 3)):
        assert np.abs(frames[first].astype(int) - frames[again]).max() <= 1


@pytest.mark.parametrize("same_generator", [True, False])
def test_what_the_inversion_rendered_is_shown_and_not_rendered_again_where_both_use_one_generator(
    models: Models, same_generator: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_frames, "_renders_as_inverted", lambda models: same_generator)
    rest, path = codes(models, 0.0, 1, 0)
    face = InvertedFace(rest, np.full((128, 128, 3), 7, np.uint8), 20.0)
    frames = list(frames_of_generator(models, np.zeros((256, 256, 3), np.uint8), path, face).frames)
    assert [bool((frame == 7).all()) for frame in frames] == [same_generator, False, same_generator]


def test_the_bundled_inverter_renders_as_the_bundled_generator_does(models: Models) -> None:
    assert row_frames._renders_as_inverted(models)
