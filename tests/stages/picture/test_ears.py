"""Ears end where the picture's do, and nothing else is moved."""

from dataclasses import replace

import cv2
import numpy as np

from stages.picture.canvas import Canvas
from stages.picture.ears import with_ears
from stages.picture.figure import Figure

FARTHER = 5  # cells


def ear_rows(canvas: Canvas) -> slice:
    """From the outer ends of the brows to the nose's base."""
    points = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    return slice(int(points[[17, 26], 1].mean()) + 2, int(points[33, 1]) - 2)


def width(canvas: Canvas) -> float:
    """Of the head from ear to ear, cells: the widest row."""
    covered = canvas.drawn.whole[ear_rows(canvas)]
    return float(covered.sum(axis=1).max())


def grown(canvas: Canvas, cells: int) -> np.ndarray:
    """The head's mask with ears so many cells farther out."""
    whole = canvas.drawn.whole.astype(np.uint8)
    wide = cv2.dilate(whole, np.ones((1, 2 * cells + 1), np.uint8))
    rows = ear_rows(canvas)
    whole[rows] = wide[rows]
    return whole.astype(np.float32)


def test_ears_that_stand_out_are_met(figure: Figure, canvas: Canvas) -> None:
    met = replace(canvas, figure=with_ears(figure, canvas, grown(canvas, FARTHER)))
    assert width(met) - width(canvas) > 2 * FARTHER * 0.6


def test_ears_that_fit_stay(figure: Figure, canvas: Canvas) -> None:
    met = replace(canvas, figure=with_ears(figure, canvas, canvas.drawn.whole.astype(np.float32)))
    assert abs(width(met) - width(canvas)) <= 2


def test_where_the_head_has_no_end_near_its_ears_they_stay(figure: Figure, canvas: Canvas) -> None:
    # Long hair, or a wall of its colour.
    still = with_ears(figure, canvas, np.ones(canvas.cells, np.float32))
    np.testing.assert_allclose(still.rest, figure.rest, atol=1e-3)


def test_no_landmark_moves_but_for_the_jaw_beside_the_ears(figure: Figure, canvas: Canvas) -> None:
    met = with_ears(figure, canvas, grown(canvas, FARTHER))
    at = figure.head.landmarks[17:]
    np.testing.assert_allclose(met.rest[at], figure.rest[at], atol=0.5)
