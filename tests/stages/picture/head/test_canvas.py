"""Where a picture may change."""

import numpy as np

from stages.picture.head.canvas import Canvas, canvas_for
from stages.picture.head.figure import Figure, find_figure
from tests.stages.picture.made_heads import SIDE, made_fit, made_landmarks
from weights.networks.head import Head


def test_the_box_holds_the_head_and_lies_in_the_picture(canvas: Canvas, figure: Figure, head: Head) -> None:
    landmarks = figure.rest[head.landmarks, :2]
    corner = np.array([canvas.left, canvas.top])
    size = np.array([canvas.width, canvas.height])
    assert (landmarks > corner).all() and (landmarks < corner + size).all()
    assert (corner >= 0).all()
    assert canvas.left + canvas.width <= SIDE and canvas.top + canvas.height <= SIDE


def test_the_grid_is_as_fine_as_the_picture_until_that_is_too_fine(figure: Figure) -> None:
    canvas = canvas_for(figure, SIDE, SIDE)
    assert max(canvas.cells) <= 224
    np.testing.assert_allclose(canvas.step, canvas.step.mean(), rtol=0.02)
    assert canvas.step.min() >= 1


def test_cells_and_pixels_have_the_same_middle(canvas: Canvas) -> None:
    middle = np.array([canvas.left + canvas.width / 2, canvas.top + canvas.height / 2])
    np.testing.assert_allclose(canvas.on_grid(middle), (np.array(canvas.cells[::-1]) - 1) / 2)


def test_the_window_is_whole_on_the_head_and_ends_before_the_boxs_free_sides(figure: Figure, head: Head) -> None:
    canvas = canvas_for(figure, 4 * SIDE, 4 * SIDE)
    assert (canvas.window[canvas.drawn.covered & (canvas.window < 1)].size) < 0.2 * canvas.drawn.covered.sum()
    assert canvas.free[2] and canvas.free[3]
    assert (canvas.window[-1] == 0).all() and (canvas.window[:, -1] == 0).all()
    at = np.round(canvas.on_grid(figure.rest[head.landmarks[17:], :2])).astype(int)
    assert (canvas.window[at[:, 1], at[:, 0]] == 1).all()


def test_at_the_pictures_own_border_nothing_holds_the_head(head: Head) -> None:
    landmarks = made_landmarks(head, made_fit(head))
    canvas = canvas_for(find_figure(head, landmarks - (120, 0)), SIDE, SIDE)
    assert canvas.left == 0 and not canvas.free[0]
    assert canvas.window[:, 0].max() == 1
