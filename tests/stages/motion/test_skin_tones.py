"""A change of tones counts as far as the clip shows it too."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micromotion import read_image
from stages.faces.align import align_face
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.models import Models
from stages.motion.skin_tones import confirm_tones, sample_skin
from tests.stages.motion.made_motions import made_face, motion_along

ANCHORS = 16
COURSE = np.linspace(0, 1, ANCHORS)
MOTION = motion_along(COURSE, np.repeat(made_face()[None], ANCHORS, axis=0))
WAY = np.random.default_rng(0).normal(size=(20, 3))


def skin(share: float, noise: float = 0.0) -> np.ndarray:
    """(T, 20, 3) tones that go so much of a way."""
    return 4 + COURSE[:, None, None] * share * WAY + noise * np.random.default_rng(1).normal(size=(ANCHORS, 20, 3))


@pytest.mark.parametrize(("share", "confirmed"), [(1.0, 1), (0.4, 0.4), (0.0, 0), (-0.5, 0), (3.0, 1)])
def test_the_share_that_the_clip_confirms_is_between_none_and_all(share: float, confirmed: float) -> None:
    assert confirm_tones(MOTION, skin(share, noise=0.01), skin(1.0)) == pytest.approx(confirmed, abs=0.02)


def test_another_change_in_the_clip_confirms_nothing() -> None:
    other = skin(1.0)[:, ::-1, ::-1]
    assert confirm_tones(MOTION, other, skin(1.0)) < 0.3


def test_stray_anchors_are_not_looked_at() -> None:
    tones = skin(0.4)
    tones[5] += 9
    assert confirm_tones(replace(MOTION, stray=(5,)), tones, skin(1.0)) == pytest.approx(0.4, abs=0.01)


def test_a_change_within_the_noise_is_believed_and_few_anchors_tell_nothing() -> None:
    assert math.isnan(confirm_tones(replace(MOTION, stray=tuple(range(5, ANCHORS))), skin(1.0), skin(1.0)))
    assert confirm_tones(MOTION, skin(0.0), skin(0.005)) > 0.95


@pytest.mark.parametrize("side", [128, 256])
def test_spots_lie_where_the_landmarks_put_them(side: int) -> None:
    """On an image whose red tells the column and whose green tells the row."""
    rows, columns = np.mgrid[:side, :side]
    image = np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8)
    landmarks = np.random.default_rng(0).uniform(0.3, 0.7, (68, 2))
    landmarks[36:48, 1], landmarks[17:27, 1] = 0.5, 0.45
    found = np.exp(sample_skin([image], landmarks[None])[0, :, :2]) - 10 + 0.5  # pixels' centres lie at .5
    np.testing.assert_allclose(found[0], side * (0.6 * landmarks[1] + 0.4 * landmarks[31]), atol=0.5)
    np.testing.assert_allclose(found[21], side * landmarks[30], atol=0.5)
    np.testing.assert_allclose(found[22:, 0], side * landmarks[[18, 19, 21, 22, 24, 25], 0], atol=0.5)
    np.testing.assert_allclose(found[22:, 1], side * 0.4, atol=0.5)


@pytest.mark.parametrize("side", [128, 256])
def test_skin_is_looked_at_where_skin_is_and_its_light_is_told_as_a_factor(
    models: Models, repository: Path, side: int
) -> None:
    image = read_image(repository / "weights/bundled/demo/faces/face_01.jpg")
    crop = align_face(image, models.finder.find(image).landmarks, side)
    landmarks = landmarks_in_crops(models.landmarks, crop[None])
    bright, dark = sample_skin([crop, (crop * 0.5).astype(np.uint8)], landmarks.repeat(2, axis=0))
    tones = np.exp(bright)
    assert (tones[:, 0] > tones[:, 2]).all(), "skin is redder than it is blue"
    assert np.std(bright.mean(axis=1)) < 0.35, "an eye, hair or the mouth is far darker"
    np.testing.assert_allclose(bright - dark, np.log(2), atol=0.12)
