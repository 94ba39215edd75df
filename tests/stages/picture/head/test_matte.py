"""Where a head ends: at borders that are seen, or fading where none is."""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.head.matte import head_matte


def scene(canvas: Canvas, wall: tuple[int, int, int], head: tuple[int, int, int], wider: int) -> np.ndarray:
    """(H, W, 3): the skull, made wider by some cells of hair, on a wall."""
    covered = canvas.drawn.covered.astype(np.uint8)
    hair = cv2.dilate(covered, np.ones((2 * wider + 1, 2 * wider + 1), np.uint8)) > 0
    return np.where(hair[..., None], np.array(head, np.float32), np.array(wall, np.float32)).astype(np.float32)


def away_from(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)


def test_dark_hair_on_a_light_wall_ends_where_it_ends(canvas: Canvas) -> None:
    picture = scene(canvas, (225, 225, 220), (40, 30, 25), wider=12)
    matte = head_matte(canvas, picture)
    hair = picture[..., 0] < 100
    assert matte.shape == canvas.cells and matte.min() >= 0 and matte.max() <= 1 + 1e-6
    assert matte[away_from(hair) > 4].max() < 0.02
    assert matte[canvas.drawn.covered].min() > 0.5
    inner = away_from(~hair) > 4
    assert np.median(matte[inner & ~canvas.drawn.covered]) > 0.5


def test_without_any_border_the_head_fades_out(canvas: Canvas) -> None:
    matte = head_matte(canvas, scene(canvas, (40, 40, 40), (40, 40, 40), wider=12))
    away = away_from(canvas.drawn.covered)
    means = [matte[(away > low) & (away <= low + 8)].mean() for low in range(0, 33, 8)]
    assert np.all(np.diff(means) < 0)
    assert means[0] > 0.8


def test_a_colour_border_of_one_lightness_is_a_border_too(canvas: Canvas) -> None:
    picture = scene(canvas, (90, 140, 90), (170, 100, 100), wider=8)
    matte = head_matte(canvas, picture)
    assert matte[away_from(picture[..., 0] > 100) > 4].max() < 0.05


def test_noise_of_a_wall_is_no_border(canvas: Canvas) -> None:
    plain = scene(canvas, (120, 120, 120), (120, 120, 120), wider=8)
    noisy = plain + np.random.default_rng(0).normal(size=plain.shape) * 3
    away = away_from(canvas.drawn.covered)
    near = (away > 0) & (away < 12)
    assert head_matte(canvas, noisy)[near].mean() > 0.7 * head_matte(canvas, plain)[near].mean()
