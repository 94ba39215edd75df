"""Where a picture may change, and where its points come from."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.canvas import Canvas, canvas_for
from stages.picture.figure import Figure, find_figure
from stages.picture.gesture import Gesture
from stages.picture.head import Head
from stages.picture.warp import determinant
from tests.stages.picture.made_heads import SIDE, made_change, made_fit, made_gesture, made_landmarks

RESTS: dict[str, dict[str, Any]] = {
    "neutral": {},
    "half profile": {"yaw": 40.0},
    "smile": {"mouthSmile": 0.9},
    "open": {"jawOpen": 0.8},
}


@pytest.fixture(scope="module")
def canvases(head: Head) -> dict[str, Canvas]:
    found = {}
    for name, face in RESTS.items():
        figure = find_figure(head, made_landmarks(head, made_fit(head, **face)))
        found[name] = canvas_for(figure, SIDE, SIDE)
    return found


def least_area(canvas: Canvas, moved: np.ndarray) -> float:
    return float(determinant(canvas.field(moved) / canvas.step.astype(np.float32)).min())


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


def test_at_rest_nothing_moves(canvases: dict[str, Canvas]) -> None:
    for canvas in canvases.values():
        np.testing.assert_array_equal(canvas.field(canvas.figure.rest), 0)


def test_the_field_leads_from_where_a_landmark_is_shown_to_where_it_was(canvas: Canvas, head: Head) -> None:
    figure = canvas.figure
    moved = figure.moved(made_gesture(head, expression=made_change(head, mouthSmile=0.6, browInnerUp=0.8)))
    field = canvas.field(moved)
    shown = head.landmarks[[19, 24, 27, 30, 33, 48, 54, 8]]
    at = np.round(canvas.on_grid(moved[shown, :2])).astype(int)
    back = (figure.rest - moved)[shown, :2]
    np.testing.assert_allclose(field[at[:, 1], at[:, 0]], back, atol=1.5)
    assert np.abs(back).max() > 3


def test_outside_the_window_the_field_is_nothing(figure: Figure, head: Head) -> None:
    canvas = canvas_for(figure, 2 * SIDE, 2 * SIDE)
    gesture = made_gesture(head, yaw=0.15, expression=made_change(head, jawOpen=0.7))
    field = canvas.field(figure.moved(gesture))
    far = canvas.window == 0
    assert far.any() and np.abs(field).max() > 3
    assert np.abs(field[far]).max() < 0.1


def grimace(head: Head, seed: int, yaw: float = 0.0, pitch: float = 0.0, closure: float = 0.0) -> Gesture:
    """Some expressions at once, landmarks a little off; degrees."""
    rng = np.random.default_rng(seed)
    expression = np.zeros(len(head.names))
    expression[rng.integers(len(head.names), size=4)] = rng.uniform(-0.5, 1, 4)
    return made_gesture(
        head,
        expression=expression,
        yaw=np.radians(yaw),
        pitch=np.radians(pitch),
        residual=rng.normal(size=(68, 2)) * 0.05,
        closure=np.full(2, closure),
    )


degrees = st.floats(-15, 15)


@settings(max_examples=40)
@given(st.sampled_from(["neutral", "smile", "open"]), st.integers(0, 10_000), degrees, degrees, st.floats(-0.5, 1.5))
def test_what_faces_do_never_folds_the_picture(
    canvases: dict[str, Canvas], head: Head, rest: str, seed: int, yaw: float, pitch: float, closure: float
) -> None:
    canvas = canvases[rest]
    assert least_area(canvas, canvas.figure.moved(grimace(head, seed, yaw, pitch, closure))) > 0


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 400])
def test_what_half_profiles_do_never_folds_the_picture(canvases: dict[str, Canvas], head: Head, seed: int) -> None:
    canvas = canvases["half profile"]
    assert least_area(canvas, canvas.figure.moved(grimace(head, seed))) > 0


def test_no_turn_that_is_asked_folds_it(canvases: dict[str, Canvas], head: Head) -> None:
    for canvas in canvases.values():
        for yaw, pitch in ((0, -45), (0, -30), (0, 30), (0, 45), (60, 0), (-60, 30)):
            gesture = made_gesture(head, yaw=np.radians(yaw), pitch=np.radians(pitch))
            assert least_area(canvas, canvas.figure.moved(gesture)) > 0


def test_what_no_face_does_never_folds_it_either(canvas: Canvas, head: Head) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        gesture = made_gesture(
            head,
            expression=rng.uniform(-1, 1, len(head.names)),
            yaw=rng.uniform(-1, 1),
            pitch=rng.uniform(-0.8, 0.8),
            residual=rng.normal(size=(68, 2)) * 0.3,
            closure=rng.uniform(-1, 2, 2),
        )
        assert least_area(canvas, canvas.figure.moved(gesture)) > 0


def test_a_tiny_face_has_a_canvas_too(head: Head) -> None:
    figure = find_figure(head, made_landmarks(head, made_fit(head)) / 10)
    canvas = canvas_for(figure, SIDE // 10, SIDE // 10)
    moved = figure.moved(made_gesture(head, yaw=0.2, expression=made_change(head, jawOpen=0.5)))
    assert canvas.field(moved).shape == (*canvas.cells, 2)
    assert least_area(canvas, moved) > 0
