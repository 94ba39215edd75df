"""Where every point of a frame comes from: no folds, nothing far away, and on a turned head the head alone."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.fields import Fields, OwnPixels, fields_of
from stages.picture.head.canvas import Canvas, canvas_for
from stages.picture.head.figure import Figure, find_figure
from stages.picture.head.gesture import Gesture
from stages.picture.warping.raster import draw
from stages.picture.warping.warp import determinant
from tests.stages.picture.made_heads import SIDE, made_change, made_fit, made_gesture, made_landmarks, plain
from weights.networks.head import Head

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


def fields(canvas: Canvas, gesture: Gesture) -> Fields:
    own = OwnPixels(canvas, plain(canvas), np.ones(canvas.cells, np.float32))
    turn = float(np.hypot(*canvas.figure.softened(gesture)))
    return fields_of(canvas, own, canvas.figure.moved(gesture), turn)


def least_area(canvas: Canvas, gesture: Gesture) -> float:
    made = fields(canvas, gesture)
    return min(
        float(determinant(field / canvas.step.astype(np.float32)).min())
        for field in (made.head, made.around)
        if field is not None
    )


@pytest.mark.parametrize(("aside", "shown"), [(0.0, True), (25.0, False)])
def test_the_neck_of_a_head_that_looks_aside_is_not_the_generators(head: Head, aside: float, shown: bool) -> None:
    figure = find_figure(head, made_landmarks(head, made_fit(head, yaw=aside)))
    canvas = canvas_for(figure, SIDE, SIDE)
    made = fields(canvas, made_gesture(head, yaw=-np.radians(15.0)))
    assert made.drawn is not None and made.unseen is not None
    chin = head.neutral[head.landmarks[8], 1]
    neck = (
        made.drawn.interpolate(head.triangles, (head.neutral[:, 1] < chin - 2.5)[:, None].astype(float))[..., 0] > 0.99
    )
    assert (made.unseen[neck].max() > 0.2) == shown
    assert made.unseen[~neck].max() > 0.5


def test_at_rest_nothing_moves(canvases: dict[str, Canvas], head: Head) -> None:
    for canvas in canvases.values():
        np.testing.assert_array_equal(fields(canvas, made_gesture(head)).head, 0)


def test_the_field_leads_from_where_a_landmark_is_shown_to_where_it_was(canvas: Canvas, head: Head) -> None:
    figure = canvas.figure
    gesture = made_gesture(head, expression=made_change(head, mouthSmile=0.6, browInnerUp=0.8))
    moved, field = figure.moved(gesture), fields(canvas, gesture).head
    shown = head.landmarks[[19, 24, 27, 30, 33, 48, 54, 8]]
    at = np.round(canvas.on_grid(moved[shown, :2])).astype(int)
    back = (figure.rest - moved)[shown, :2]
    np.testing.assert_allclose(field[at[:, 1], at[:, 0]], back, atol=1.5)
    assert np.abs(back).max() > 3


def test_outside_the_window_the_field_is_nothing(figure: Figure, head: Head) -> None:
    canvas = canvas_for(figure, 2 * SIDE, 2 * SIDE)
    gesture = made_gesture(head, yaw=0.15, expression=made_change(head, jawOpen=0.7))
    field = fields(canvas, gesture).head
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
@pytest.mark.slow
def test_what_faces_do_never_folds_the_picture(
    canvases: dict[str, Canvas], head: Head, rest: str, seed: int, yaw: float, pitch: float, closure: float
) -> None:
    canvas = canvases[rest]
    assert least_area(canvas, grimace(head, seed, yaw, pitch, closure)) > 0


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 400])
def test_what_half_profiles_do_never_folds_the_picture(canvases: dict[str, Canvas], head: Head, seed: int) -> None:
    canvas = canvases["half profile"]
    assert least_area(canvas, grimace(head, seed)) > 0


@pytest.mark.slow
def test_no_turn_that_is_asked_folds_it(canvases: dict[str, Canvas], head: Head) -> None:
    for canvas in canvases.values():
        for yaw, pitch in ((0, -45), (0, -30), (0, 30), (0, 45), (60, 0), (-60, 30)):
            gesture = made_gesture(head, yaw=np.radians(yaw), pitch=np.radians(pitch))
            assert least_area(canvas, gesture) > 0


@pytest.mark.slow
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
        assert least_area(canvas, gesture) > 0


def test_a_tiny_face_has_a_canvas_too(head: Head) -> None:
    figure = find_figure(head, made_landmarks(head, made_fit(head)) / 10)
    canvas = canvas_for(figure, SIDE // 10, SIDE // 10)
    gesture = made_gesture(head, yaw=0.2, expression=made_change(head, jawOpen=0.5))
    assert fields(canvas, gesture).head.shape == (*canvas.cells, 2)
    assert least_area(canvas, gesture) > 0


def test_on_a_turned_head_nothing_of_the_wall_is_shown(canvas: Canvas, head: Head) -> None:
    own = OwnPixels(canvas, plain(canvas), np.ones(canvas.cells, np.float32))
    for yaw in (-18.0, 18.0):
        gesture = made_gesture(head, yaw=np.radians(yaw))
        moved = canvas.figure.moved(gesture)
        made = fields_of(canvas, own, moved, np.radians(18.0))
        on_head = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], head.triangles, canvas.cells).whole
        deep = cv2.erode(on_head.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=3) > 0
        column, row = np.round(canvas.places + made.head / canvas.step).astype(int)[deep].T
        at_rest = canvas.drawn.whole[np.clip(row, 0, canvas.cells[0] - 1), np.clip(column, 0, canvas.cells[1] - 1)]
        assert at_rest.mean() > 0.995


def test_what_the_matte_calls_wall_is_not_shown_on_a_turned_head_either(canvas: Canvas, head: Head) -> None:
    gesture = made_gesture(head, yaw=np.radians(18.0))
    moved = canvas.figure.moved(gesture)
    smaller = cv2.erode(canvas.drawn.whole.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=8)
    matte = smaller.astype(np.float32)  # the proxy is wider than this head
    shares = []
    for mask in (np.ones_like(matte), matte):
        made = fields_of(canvas, OwnPixels(canvas, plain(canvas), mask), moved, np.radians(18.0))
        source = canvas.places + made.head / canvas.step
        shown = cv2.remap(matte, source.astype(np.float32), np.empty(0), cv2.INTER_LINEAR)
        on_head = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], head.triangles, canvas.cells).whole
        shares.append(float((shown[on_head] < 0.5).mean()))
    assert shares[1] < 0.5 * shares[0]


def test_a_chin_that_drops_brings_nothing_into_view_of_a_head_that_hardly_turns(canvas: Canvas, head: Head) -> None:
    gesture = made_gesture(head, expression=made_change(head, jawOpen=0.9), yaw=np.radians(0.2))
    made = fields(canvas, gesture)
    assert made.unseen is not None and made.unseen.max() < 0.1
