"""Hair that hangs past ear, jaw and neck goes as one curtain."""

import numpy as np
import pytest

from stages.picture.around import around_field
from stages.picture.fields import OwnPixels, fields_of
from stages.picture.hair.hanging_hair import curtains_of, hanging_field
from stages.picture.hair.own_hair import Hair
from stages.picture.head.canvas import Canvas
from stages.picture.warping.raster import Drawn, draw
from tests.stages.picture.made_heads import made_gesture, plain
from weights.networks.head import Head

WIDTH = 40  # cells that a curtain reaches beyond the outline
TURN = np.radians(16.0)


@pytest.fixture
def turned(canvas: Canvas, head: Head) -> tuple[Drawn, np.ndarray]:
    moved = canvas.figure.moved(made_gesture(head, yaw=TURN))
    drawn = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], head.triangles, canvas.cells)
    return drawn, around_field(canvas, moved, drawn)


def curtain(canvas: Canvas, head: Head, lowest: int) -> np.ndarray:
    """(H, W) a matte of the head and of hair that hangs on both sides of it, down to a row."""
    hair = (canvas.outline < WIDTH) & (canvas.places[..., 1] < lowest)
    return np.maximum(hair, canvas.drawn.whole).astype(np.float32)


def level(canvas: Canvas, head: Head, landmark: int) -> int:
    return int(canvas.on_grid(canvas.figure.rest[head.landmarks[[landmark]], :2])[0, 1])


def no_hair(canvas: Canvas) -> Hair:
    vertices = len(canvas.figure.rest)
    return Hair(np.zeros(canvas.cells, np.float32), *np.zeros((3, vertices)))


def test_a_curtain_bends_less_than_the_outline_behind_it(
    canvas: Canvas, head: Head, turned: tuple[Drawn, np.ndarray]
) -> None:
    drawn, beside = turned
    matte = curtain(canvas, head, level(canvas, head, 8) + 20)
    field = hanging_field(canvas, curtains_of(canvas, no_hair(canvas), matte), drawn, beside)
    rows = slice(level(canvas, head, 36), level(canvas, head, 57))
    column = np.flatnonzero(canvas.drawn.whole[rows].any(axis=0))[0] - 8
    assert np.ptp(np.diff(field[rows, column, 0])) < 0.5 * np.ptp(np.diff(beside[rows, column, 0]))


def test_hair_that_ends_above_the_mouth_goes_with_the_outline(
    canvas: Canvas, head: Head, turned: tuple[Drawn, np.ndarray]
) -> None:
    drawn, beside = turned
    matte = curtain(canvas, head, level(canvas, head, 33))
    np.testing.assert_array_equal(
        hanging_field(canvas, curtains_of(canvas, no_hair(canvas), matte), drawn, beside), beside
    )


def test_without_a_turn_nothing_moves(canvas: Canvas, head: Head) -> None:
    still = np.zeros((*canvas.cells, 2), np.float32)
    matte = curtain(canvas, head, canvas.cells[0])
    np.testing.assert_array_equal(
        hanging_field(canvas, curtains_of(canvas, no_hair(canvas), matte), canvas.drawn, still), still
    )


def test_what_is_around_a_turned_head_goes_as_the_curtains_of_its_image_do(canvas: Canvas, head: Head) -> None:
    moved = canvas.figure.moved(made_gesture(head, yaw=TURN))
    hanging = OwnPixels(canvas, plain(canvas), curtain(canvas, head, level(canvas, head, 8) + 20))
    bare = OwnPixels(canvas, plain(canvas), canvas.drawn.whole.astype(np.float32))
    made = [fields_of(canvas, own, moved, TURN).around for own in (hanging, bare)]
    assert made[0] is not None
    assert made[1] is not None
    assert not bare.curtains.any()
    assert np.abs(made[0] - made[1])[hanging.curtains > 0.9].max() > canvas.step.max()
