"""The head in a picture: met by its landmarks, taken along by gestures."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.head.figure import Figure, find_figure, rim_gaps
from stages.picture.openings.openings import outline
from tests.stages.picture.made_heads import made_change, made_fit, made_gesture, made_landmarks
from weights.networks.head import Head

RESTS: dict[str, dict[str, Any]] = {
    "neutral": {},
    "half profile": {"yaw": 40.0},
    "other half profile": {"yaw": -40.0},
    "nodding": {"yaw": 10.0, "pitch": 15.0},
    "leaning": {"roll": 30.0},
    "smiling already": {"mouthSmile": 0.9, "jawOpen": 0.15},
    "open mouth": {"jawOpen": 0.8},
    "half closed eyes": {"eyeBlink": 0.6},
}
rests = pytest.mark.parametrize("rest", RESTS.values(), ids=RESTS.keys())


def figure_of(head: Head, **face: Any) -> Figure:
    return find_figure(head, made_landmarks(head, made_fit(head, **face)))


def area(points: np.ndarray) -> float:
    """Of a polygon (N, 2)."""
    x, y = points.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


@rests
def test_landmarks_are_met_exactly(head: Head, rest: dict[str, Any]) -> None:
    landmarks = made_landmarks(head, made_fit(head, **rest))
    found = find_figure(head, landmarks).rest[head.landmarks, :2]
    np.testing.assert_allclose(found, landmarks, atol=1e-6)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_landmarks_that_no_head_has_are_met_too(head: Head, seed: int) -> None:
    rng = np.random.default_rng(seed)
    landmarks = made_landmarks(head, made_fit(head, jawOpen=0.3)) + rng.normal(size=(68, 2)) * 1.5
    eyes_and_mouth = np.r_[36:48, 60:68]  # rims that cross are set right, and so move
    away = find_figure(head, landmarks).rest[head.landmarks, :2] - landmarks
    assert np.abs(np.delete(away, eyes_and_mouth, axis=0)).max() < 1e-6
    assert np.abs(away).max() < 12


def test_nothing_asked_is_rest_to_the_bit(figure: Figure, head: Head) -> None:
    np.testing.assert_array_equal(figure.moved(made_gesture(head)), figure.rest)


@rests
def test_a_lid_that_closes_leaves_no_gap_and_does_not_overlap(head: Head, rest: dict[str, Any]) -> None:
    figure = figure_of(head, **rest)
    shut = figure.moved(made_gesture(head, closure=np.ones(2)))
    for rims in head.openings[:2]:
        assert np.abs(rim_gaps(shut, rims)[1][1:-1]).max() < 1e-6
        # Far eyes of half profiles roll over their own corner by a few square pixels.
        assert area(outline(shut, rims)) < max(0.12 * area(outline(figure.rest, rims)), 1)


@rests
def test_lids_that_do_not_close_stay_as_they_are(head: Head, rest: dict[str, Any]) -> None:
    figure = figure_of(head, **rest)
    smiling = figure.moved(made_gesture(head, expression=made_change(head, mouthSmile=0.5)))
    for rims in head.openings[:2]:
        before, after = rim_gaps(figure.rest, rims)[1], rim_gaps(smiling, rims)[1]
        np.testing.assert_allclose(after[1:-1], np.maximum(before, 0)[1:-1], atol=0.3)


@settings(max_examples=25)
@given(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
def test_each_lid_is_as_far_open_as_asked(figure: Figure, head: Head, left: float, right: float) -> None:
    moved = figure.moved(made_gesture(head, closure=np.array([left, right])))
    for rims, closure in zip(head.openings, (left, right), strict=False):
        before, after = rim_gaps(figure.rest, rims)[1].max(), rim_gaps(moved, rims)[1].max()
        assert after == pytest.approx(before * (1 - min(closure, 1)), abs=0.1)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-40, 40))
def test_lips_and_lids_never_cross_whatever_is_asked(head: Head, seed: int, yaw: float) -> None:
    rng = np.random.default_rng(seed)
    figure = figure_of(head, yaw=yaw)
    gesture = made_gesture(
        head,
        expression=rng.uniform(-1, 1.2, len(head.names)),
        residual=rng.normal(size=(68, 2)) * 0.15,
        yaw=rng.uniform(-0.3, 0.3),
        pitch=rng.uniform(-0.3, 0.3),
        closure=rng.uniform(-0.5, 1.5, 2),
    )
    moved = figure.moved(gesture)
    assert np.isfinite(moved).all()
    for rims in head.openings:
        assert rim_gaps(moved, rims)[1][1:-1].min() > -0.05


@rests
@pytest.mark.parametrize(
    "asked", [{"mouthClose": 1.0}, {"mouthPress": 1.0}, {"jawOpen": -1.0}, {"mouthRollUpper": 1.0}]
)
def test_a_mouth_that_shuts_ends_where_its_lips_meet(head: Head, rest: dict[str, Any], asked: dict[str, Any]) -> None:
    moved = figure_of(head, **rest).moved(made_gesture(head, expression=made_change(head, **asked)))
    assert rim_gaps(moved, head.mouth)[1][1:-1].min() > -1e-6


def test_rims_meet_at_their_corners(head: Head) -> None:
    figure = figure_of(head, yaw=40.0)
    moved = figure.moved(
        made_gesture(head, expression=made_change(head, mouthClose=1.0), closure=np.ones(2)),
    )
    for rims in head.openings:
        np.testing.assert_allclose(rim_gaps(moved, rims)[1][[0, -1]], 0, atol=1e-6)


def test_a_jaw_that_opens_parts_the_lips_and_takes_the_chin_down(figure: Figure, head: Head) -> None:
    moved = figure.moved(made_gesture(head, expression=made_change(head, jawOpen=0.8)))
    assert rim_gaps(moved, head.mouth)[1].max() > rim_gaps(figure.rest, head.mouth)[1].max() + 15
    assert moved[head.landmarks[8], 1] > figure.rest[head.landmarks[8], 1] + 8
    brows = head.landmarks[17:27]
    np.testing.assert_allclose(moved[brows, :2], figure.rest[brows, :2], atol=0.5)


def test_a_turn_takes_the_nose_along_and_leaves_the_trunk(figure: Figure, head: Head) -> None:
    moved = figure.moved(made_gesture(head, yaw=0.2))
    assert moved[head.landmarks[30], 0] > figure.rest[head.landmarks[30], 0] + 15
    trunk = head.turning == 0
    np.testing.assert_allclose(moved[trunk], figure.rest[trunk], atol=0.05)
    nodding = figure.moved(made_gesture(head, pitch=0.2))
    assert nodding[head.landmarks[30], 1] > figure.rest[head.landmarks[30], 1] + 15


@settings(max_examples=50)
@given(st.floats(0, 3), st.floats(0, 3), st.floats(0, 6.28))
def test_turns_are_softened_evenly_and_stay_below_the_limit(
    figure: Figure, head: Head, first: float, second: float, direction: float
) -> None:
    def given_turn(size: float) -> np.ndarray:
        gesture = made_gesture(head, yaw=size * np.cos(direction), pitch=size * np.sin(direction))
        return np.array(figure.softened(gesture))

    less, more = sorted((first, second))
    low, high = (float(np.linalg.norm(given_turn(size))) for size in (less, more))
    assert low <= high + 1e-9 and high <= figure.farthest_turn + 1e-9 and high <= more + 1e-9
    toward = given_turn(more)
    np.testing.assert_allclose(toward, high * np.array([np.cos(direction), np.sin(direction)]), atol=1e-9)


@pytest.mark.parametrize("degrees", [0.0, 1.0, 8.0, 15.0])
def test_a_small_turn_is_made_in_full(figure: Figure, head: Head, degrees: float) -> None:
    asked = np.radians([degrees, -degrees / 3])
    assert figure.softened(made_gesture(head, yaw=asked[0], pitch=asked[1])) == pytest.approx(tuple(asked))


def test_a_head_that_is_turned_away_turns_less_far(head: Head, figure: Figure) -> None:
    assert figure_of(head, yaw=40.0).farthest_turn < figure.farthest_turn
    assert np.degrees(figure_of(head, yaw=27.0).farthest_turn) < 12  # what is hidden of it cannot be shown
    assert np.degrees(figure_of(head, yaw=80.0).farthest_turn) >= 5


@pytest.mark.parametrize("roll", [-60.0, 30.0, 90.0])
def test_a_leaning_head_makes_the_same_gesture_leaning(figure: Figure, head: Head, roll: float) -> None:
    residual = np.zeros((68, 2))
    residual[48:68] = (0.1, 0.2)
    gesture = made_gesture(head, yaw=0.2, residual=residual, expression=made_change(head, jawOpen=0.4))
    upright = (figure.moved(gesture) - figure.rest)[head.landmarks, :2]
    leaning_figure = figure_of(head, roll=roll)
    leaning = (leaning_figure.moved(gesture) - leaning_figure.rest)[head.landmarks, :2]
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    back = np.array([[cos, sin], [-sin, cos]])  # y points down, so that this leans to the right again
    np.testing.assert_allclose(leaning @ back, upright, atol=1.5)
