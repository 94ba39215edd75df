"""Augmentation moves landmarks with the image."""

import numpy as np
import pytest

from training.train.augmentation import degrade, move, occlude, relight
from weights.networks.fan import MIRRORED


@pytest.mark.parametrize("seed", range(12))
def test_a_bright_spot_and_its_landmark_stay_together(seed: int) -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[39:42, 54:57] = 255  # its centre is at (55.5, 40.5)
    rng = np.random.default_rng(seed)
    centre = np.full(2, 48.0)
    result, points = move(image, np.array([[55.5, 40.5]]), rng, 128, centre, 96, zoom=(0.9, 1.1), shift=0.05)
    weight = result[..., 0].astype(float)
    ys, xs = np.mgrid[0:128, 0:128] + 0.5
    spot = np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum()
    np.testing.assert_allclose(spot, points[0], atol=0.15)


def test_mirroring_twice_gives_every_landmark_back() -> None:
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(68))


def test_without_mirroring_left_stays_left() -> None:
    points = np.array([[20.0, 48.0], [76.0, 48.0]])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, found = move(np.zeros((96, 96, 3), np.uint8), points, rng, 96, np.full(2, 48.0), 96, turn=5, mirror=False)
        assert found[0, 0] < found[1, 0]


@pytest.mark.parametrize("change", [relight, degrade, occlude])
def test_pictures_stay_pictures(change) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (64, 64, 3), np.uint8)
    before = image.copy()
    for _ in range(20):
        result = change(image, rng)
        assert result.shape == (64, 64, 3)
        assert result.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
