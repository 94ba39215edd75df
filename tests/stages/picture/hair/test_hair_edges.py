"""A matte's edge is where the colours of head and wall say it is, if they say it."""

import numpy as np
import pytest

from stages.picture.hair.hair_edges import sharpened_matte

SIDE = 80
HAIR, WALL = np.array([40.0, 30.0, 25.0]), np.array([150.0, 160.0, 170.0])
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
AWAY = np.hypot(ROWS - SIDE / 2, COLUMNS - SIDE / 2)
HEAD = AWAY < 24
SKULL = AWAY < 20


def picture_of(wall: np.ndarray = WALL) -> np.ndarray:
    rng = np.random.default_rng(3)
    colours = np.where(HEAD[..., None], HAIR, wall) + rng.normal(0, 1.5, (SIDE, SIDE, 3))
    return colours.astype(np.float32)


def matte_of(radius: float, soft: float = 2.0) -> np.ndarray:
    return np.clip((radius - AWAY) / soft + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("radius", [21.0, 27.0])
def test_a_matte_that_ends_too_early_or_too_late_ends_where_the_hair_does(radius: float) -> None:
    found = sharpened_matte(picture_of(), matte_of(radius), SKULL)
    assert found.dtype == np.float32
    assert found[HEAD].min() > 0.9, "no dark rim is left out"
    assert found[~HEAD].max() < 0.1, "no wall is taken in"


def test_where_the_matte_leaks_into_the_wall_it_is_taken_back() -> None:
    matte = matte_of(24.0)
    leak = np.clip(1 - np.hypot(ROWS - 12, COLUMNS - 40) / 14, 0, 1).astype(np.float32)
    found = sharpened_matte(picture_of(), np.maximum(matte, leak), SKULL)
    assert found[~HEAD].max() < 0.1


def test_hair_that_looks_like_the_wall_is_left_as_the_matte_has_it() -> None:
    matte = matte_of(24.0, soft=8.0)
    np.testing.assert_allclose(sharpened_matte(picture_of(HAIR), matte, SKULL), matte, atol=0.02)


def test_without_a_head_or_a_wall_nothing_is_sharpened() -> None:
    for matte in (np.zeros((SIDE, SIDE), np.float32), np.ones((SIDE, SIDE), np.float32)):
        np.testing.assert_array_equal(sharpened_matte(picture_of(), matte, SKULL), matte)
