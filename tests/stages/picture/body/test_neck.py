"""A neck in the shade of its jaw is told from hair as dark as that."""

import numpy as np

from stages.picture.body.neck import shaded_neck
from stages.picture.head.canvas import Canvas
from weights.networks.head import Head

SKIN, SHADE, CURLS = (220.0, 180.0, 160.0), (70.0, 50.0, 40.0), (15.0, 12.0, 10.0)


def row_of(canvas: Canvas, head: Head, landmark: int) -> int:
    return int(canvas.on_grid(canvas.figure.rest[head.landmarks[landmark], :2])[1])


def shaded(canvas: Canvas, head: Head, neck: tuple[float, float, float]) -> np.ndarray:
    """(H, W, 3) a face whose neck, from the chin down, has a colour of its own."""
    image = np.tile(np.array(SKIN, np.float32), (*canvas.cells, 1))
    image[row_of(canvas, head, 8) :] = neck
    return image


def below(canvas: Canvas, head: Head) -> np.ndarray:
    """(H, W) bool: the neck, away from its edges."""
    rows = np.arange(canvas.cells[0])[:, None]
    chin = row_of(canvas, head, 8)
    return canvas.drawn.covered & (rows > chin + 6) & (rows < chin + 16)


def test_where_both_are_as_dark_under_the_jaw_it_is_a_neck(canvas: Canvas, head: Head) -> None:
    nothing = np.zeros(canvas.cells)
    both = shaded_neck(canvas, shaded(canvas, head, SHADE), shaded(canvas, head, SHADE), nothing)
    assert np.median(both[below(canvas, head)]) > 0.95


def test_curls_over_a_neck_are_hair(canvas: Canvas, head: Head) -> None:
    curls = shaded_neck(canvas, shaded(canvas, head, CURLS), shaded(canvas, head, SKIN), np.zeros(canvas.cells))
    assert curls[below(canvas, head)].max() < 0.05


def test_neither_the_face_nor_the_wall_is_a_neck(canvas: Canvas, head: Head) -> None:
    image = shaded(canvas, head, SHADE)
    found = shaded_neck(canvas, image, image, np.zeros(canvas.cells))
    assert found[: row_of(canvas, head, 33)].max() == 0
    assert found[~canvas.drawn.whole & (canvas.outline > 10)].max() < 0.01
    assert shaded_neck(canvas, image, image, np.ones(canvas.cells)).max() == 0
