"""Disguises change what is drawn at a render's landmarks, and leave an image an image."""

import numpy as np
import pytest

from tests.training.face_points import flat_face
from training.scene.disguise import DISGUISES, disguise, with_lips
from training.scene.face_measures import skin_of
from training.scene.painterly import WAYS, crack, on_canvas, restyle, texture, tone


@pytest.mark.parametrize("drawing", [drawing for _, drawing in DISGUISES], ids=lambda drawing: drawing.__name__)
def test_every_disguise_shows_and_spares_its_input(drawing) -> None:
    image, points = flat_face()
    before = image.copy()
    changed = 0
    for seed in range(6):
        result = drawing(image, points, np.random.default_rng(seed))
        assert result.shape == image.shape and result.dtype == np.uint8
        changed += int((result != image).any())
    assert changed >= 5
    np.testing.assert_array_equal(image, before)


def test_lips_are_painted_between_their_outlines_alone() -> None:
    image, points = flat_face()
    result = with_lips(image, points, np.random.default_rng(1))
    ys, xs = np.nonzero((result != image).any(axis=2))
    low, high = points[48:60].min(axis=0) - 6, points[48:60].max(axis=0) + 6
    assert len(xs) and (xs >= low[0]).all() and (xs <= high[0]).all() and (ys >= low[1]).all() and (ys <= high[1]).all()


def test_skin_is_the_colour_of_the_cheeks() -> None:
    image, points = flat_face()
    np.testing.assert_allclose(skin_of(image, points), image[0, 0])


def test_disguises_bear_landmarks_that_make_no_face() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    for points in (np.zeros((68, 2)), np.random.default_rng(1).uniform(-200, 300, (68, 2))):
        for seed in range(10):
            assert disguise(image, points, np.random.default_rng(seed)).shape == image.shape


@pytest.mark.parametrize("way", [*WAYS, tone, on_canvas, crack, restyle], ids=lambda way: way.__name__)
def test_ways_of_painting_move_nothing(way) -> None:
    """A dark disc stays where it was: the darkest tenth of the image keeps its centre."""
    ys, xs = np.mgrid[0:96, 0:96]
    disc = (xs - 60) ** 2 + (ys - 40) ** 2 < 200
    image = np.where(disc[..., None], 40, 200).astype(np.uint8).repeat(3, axis=2)
    for seed in range(4):
        result = way(image, np.random.default_rng(seed))
        assert result.shape == image.shape and result.dtype == np.uint8
        grey = result.mean(axis=2)
        inside, outside = grey[disc].mean(), grey[~disc].mean()
        if abs(inside - outside) > 15:
            split = np.abs(grey - outside) > np.abs(grey - inside)
            centre = np.array([xs[split & disc].mean(), ys[split & disc].mean()])
            np.testing.assert_allclose(centre, (60, 40), atol=2)


def test_textures_are_the_same_for_the_same_random_numbers_and_in_range() -> None:
    for kind in ("cracks", "weave"):
        first, again = (texture(kind, 64, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == (64, 64) and np.isfinite(first).all() and first.std() > 0
    assert 0 <= texture("cracks", 64, np.random.default_rng(4)).min() <= 1
