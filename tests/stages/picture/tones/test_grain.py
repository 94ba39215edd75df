"""What the generator shows has the picture's grain, and no outline that is not there."""

import numpy as np
import pytest

from stages.picture.head.canvas import Canvas
from stages.picture.tones.grain import Grain, grain_of
from tests.stages.picture.made_heads import SIDE

SMOOTH = np.full((60, 60, 3), 120.0, np.float32)


def picture(strokes: float) -> np.ndarray:
    """Skin of one colour, with strokes that stand out by some grey levels."""
    noise = np.random.default_rng(1).normal(0, strokes, (SIDE, SIDE, 1))
    return np.clip(np.array([180.0, 150.0, 130.0]) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("strokes", [6.0, 10.0])
def test_a_paintings_strokes_are_on_what_the_generator_shows(canvas: Canvas, strokes: float) -> None:
    painting = picture(strokes)
    shown = grain_of(painting, canvas).on(SMOOTH, painting[:60, :60])
    assert shown.dtype == np.uint8
    assert abs(float(shown.mean()) - 120) < 2
    assert shown.std() > 0.6 * strokes


def test_an_edge_in_a_photograph_leaves_no_outline(canvas: Canvas) -> None:
    photograph = picture(1.0)
    photograph[:, 30:] = 20
    shown = grain_of(picture(1.0), canvas).on(SMOOTH, photograph[:60, :60])
    assert np.abs(shown.astype(float) - 120).max() <= 4


def test_a_face_outside_of_the_picture_has_no_grain(canvas: Canvas) -> None:
    grain = grain_of(np.zeros((2, 2, 3), np.uint8), canvas)
    assert grain == Grain(grain.wide, 0.0)
