"""Ears and foreheads end where the picture's do, and nothing else is moved."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.picture.head.canvas import Canvas, canvas_for
from stages.picture.head.figure import find_figure
from stages.picture.head.head_parts import forehead_share
from stages.picture.head.met_outline import with_outline_met
from tests.stages.picture.made_heads import SIDE, made_fit, made_landmarks
from weights.networks.head import Head

FARTHER = 5  # cells
ASIDE = 25.0  # degrees


@pytest.fixture(scope="module")
def aside(head: Head) -> Canvas:
    """Of a head that looks aside: one edge of its forehead is seen against what is behind it."""
    return canvas_for(find_figure(head, made_landmarks(head, made_fit(head, yaw=ASIDE))), SIDE, SIDE)


def ear_rows(canvas: Canvas) -> slice:
    """From the outer ends of the brows to the nose's base."""
    points = landmarks(canvas)
    return slice(int(points[[17, 26], 1].mean()) + 2, int(points[33, 1]) - 2)


def forehead_rows(canvas: Canvas) -> slice:
    """Above the brows, as high as the eyes are below them."""
    points = landmarks(canvas)
    brows = points[17:27, 1].min()
    return slice(int(2 * brows - points[36:48, 1].mean()), int(brows))


def landmarks(canvas: Canvas) -> np.ndarray:
    return canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])


def width(canvas: Canvas, rows: slice) -> float:
    """Of the head, cells: the widest of some rows."""
    return float(canvas.drawn.whole[rows].sum(axis=1).max())


def grown(canvas: Canvas, rows: slice, cells: int) -> np.ndarray:
    """The head's mask with rows of it so many cells wider on either side."""
    whole = canvas.drawn.whole.astype(np.uint8)
    wide = cv2.dilate(whole, np.ones((1, 2 * cells + 1), np.uint8))
    whole[rows] = wide[rows]
    return whole.astype(np.float32)


def met(canvas: Canvas, matte: np.ndarray, hair: float = 0.0) -> Canvas:
    return replace(canvas, figure=with_outline_met(canvas, matte, np.full(canvas.cells, hair, np.float32)))


def test_ears_that_stand_out_are_met(canvas: Canvas) -> None:
    rows = ear_rows(canvas)
    assert width(met(canvas, grown(canvas, rows, FARTHER)), rows) - width(canvas, rows) > 2 * FARTHER * 0.6


def test_a_forehead_that_is_wider_than_the_shapes_is_met_on_the_side_where_its_edge_is_seen(aside: Canvas) -> None:
    rows = forehead_rows(aside)
    found = met(aside, grown(aside, rows, FARTHER)).drawn.whole[rows].any(axis=0)
    before = aside.drawn.whole[rows].any(axis=0)
    wider = np.flatnonzero(before)[[0, -1]] - np.flatnonzero(found)[[0, -1]]
    assert FARTHER * 0.5 < np.abs(wider).max() < FARTHER * 1.2
    assert np.abs(wider).min() <= 1  # there the back of the head is its edge


def test_a_forehead_under_hair_stays_as_the_landmarks_have_it(aside: Canvas) -> None:
    matte, forehead = grown(aside, forehead_rows(aside), FARTHER), forehead_share(aside.figure.head) > 0.5
    bare, covered = (met(aside, matte, hair).figure.rest[forehead] for hair in (0.0, 1.0))
    assert np.linalg.norm(covered - bare, axis=1).max() > 3
    assert np.linalg.norm(covered - aside.figure.rest[forehead], axis=1).max() < 0.5


def test_what_fits_stays(canvas: Canvas, aside: Canvas) -> None:
    for head in (canvas, aside):
        found = met(head, head.drawn.whole.astype(np.float32))
        for rows in (ear_rows(head), forehead_rows(head)):
            assert abs(width(found, rows) - width(head, rows)) <= 2


def test_where_the_head_has_no_end_near_them_they_stay(canvas: Canvas, aside: Canvas) -> None:
    # Long hair, or a wall of its colour.
    for head in (canvas, aside):
        found = met(head, np.ones(head.cells, np.float32))
        np.testing.assert_allclose(found.figure.rest, head.figure.rest, atol=1e-3)


def test_no_landmark_moves_but_for_the_jaw_beside_the_ears(canvas: Canvas, aside: Canvas) -> None:
    for head, rows, first in (canvas, ear_rows(canvas), 17), (aside, forehead_rows(aside), 0):
        found = met(head, grown(head, rows, FARTHER)).figure
        at = found.head.landmarks[first:]
        np.testing.assert_allclose(found.rest[at], head.figure.rest[at], atol=0.5)
