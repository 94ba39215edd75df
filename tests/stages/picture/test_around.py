"""What is around a head goes with its outline, and hair on the side that it turns to hides behind it."""

import numpy as np
import pytest

from stages.picture.around import around_field
from stages.picture.head.canvas import Canvas
from stages.picture.warping.outline import outline_field
from stages.picture.warping.raster import Drawn, draw
from tests.stages.picture.made_heads import made_gesture
from weights.networks.head import Head

TURN = np.radians(16.0)


def turned(canvas: Canvas, head: Head, yaw: float) -> tuple[np.ndarray, Drawn]:
    moved = canvas.figure.moved(made_gesture(head, yaw=yaw))
    return moved, draw(canvas.on_grid(moved[:, :2]), moved[:, 2], head.triangles, canvas.cells)


def temples(canvas: Canvas, head: Head) -> tuple[slice, int, int]:
    """Rows above the brows, and the outermost columns of the head there at rest."""
    brows = canvas.on_grid(canvas.figure.rest[head.landmarks[17:27], :2])
    rows = slice(int(brows[:, 1].min()) - 12, int(brows[:, 1].min()) - 4)
    columns = np.flatnonzero(canvas.drawn.whole[rows].all(axis=0))
    return rows, int(columns[0]), int(columns[-1])


def test_around_a_head_at_rest_nothing_moves(canvas: Canvas, head: Head) -> None:
    moved, drawn = turned(canvas, head, 0.0)
    np.testing.assert_allclose(around_field(canvas, moved, drawn), 0, atol=1e-3)


@pytest.mark.parametrize("way", [1, -1])
def test_hair_ahead_stays_with_its_rim_and_behind_goes_with_the_outline(canvas: Canvas, head: Head, way: int) -> None:
    moved, drawn = turned(canvas, head, way * TURN)
    field, plain = around_field(canvas, moved, drawn), outline_field(canvas.outline, drawn.whole)
    rows, left, right = temples(canvas, head)
    ahead, behind = (right + 3, left - 3) if way > 0 else (left - 3, right + 3)
    np.testing.assert_allclose(field[rows, behind], plain[rows, behind], atol=0.3)
    # The rim ahead was at the head's widest: it hardly goes on, where the outline does.
    assert (way * (field - plain)[rows, ahead, 0] > 0.5).all()
