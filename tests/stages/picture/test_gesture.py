"""Gestures read from landmarks along a path."""

from typing import Any

import numpy as np
import pytest
import torch

from stages.motion.drift import Drift
from stages.picture.course import Course, course_of
from stages.picture.gesture import GestureCourse, gesture_course
from tests.stages.picture.made_heads import made_fit, made_landmarks
from weights.networks.head import Head


@pytest.fixture(scope="module")
def course() -> Course:
    rest = torch.zeros(2, 8)
    return course_of(rest, torch.linspace(0, 1, 9)[:, None, None] * torch.ones(2, 8))


def read(
    head: Head, course: Course, noise: float = 0.0, rest: dict[str, float] | None = None, **extreme: float
) -> GestureCourse:
    """What is read of a head that goes evenly from `rest` to `extreme`, its landmarks off by some pixels."""
    rng = np.random.default_rng(0)
    rest = rest or {}
    frames = []
    for place in course.keys[:, 0]:
        now: dict[str, Any] = {}
        for name in {**extreme, **rest}:
            start = rest.get(name, 0.0)
            now[name] = start + place * (extreme.get(name, 0.0) - start)
        frames.append(made_landmarks(head, made_fit(head, **now)) + noise * rng.normal(size=(68, 2)))
    return gesture_course(head, course, np.stack(frames))


def test_at_rest_there_is_no_gesture_at_all(head: Head, course: Course) -> None:
    gesture = read(head, course, noise=1.0, yaw=15.0, mouthSmile=0.8).at(np.zeros(1))
    assert gesture.yaw == gesture.pitch == 0
    for part in (gesture.expression, gesture.residual, gesture.closure):
        assert (part == 0).all()


def test_a_turn_is_read_in_full(head: Head, course: Course) -> None:
    gestures = read(head, course, yaw=15.0)
    assert np.degrees(gestures.at(np.ones(1)).yaw) == pytest.approx(15, abs=1.5)
    assert abs(np.degrees(gestures.at(np.ones(1)).pitch)) < 1
    assert np.degrees(gestures.largest_turn) == pytest.approx(15, abs=1.5)


def test_a_nod_goes_down(head: Head, course: Course) -> None:
    assert np.degrees(read(head, course, pitch=12.0).at(np.ones(1)).pitch) == pytest.approx(12, abs=1.5)


@pytest.mark.parametrize("swaying", [{"yaw": 1.5}, {"pitch": -1.5}, {"yaw": 1.0, "pitch": 1.0}])
def test_swaying_is_left_out(head: Head, course: Course, swaying: dict[str, Any]) -> None:
    gesture = read(head, course, mouthSmile=0.5, **swaying).at(np.ones(1))
    assert gesture.yaw == gesture.pitch == 0
    assert gesture.expression[head.names.index("mouthSmile_L")] > 0.2


def test_a_turn_that_is_meant_keeps_its_size_and_one_between_is_shortened(head: Head, course: Course) -> None:
    turns = [np.degrees(read(head, course, yaw=degrees).at(np.ones(1)).yaw) for degrees in (1.0, 4.0, 9.0)]
    assert turns[0] == 0 and 0 < turns[1] < 3.6 and turns[2] == pytest.approx(9, abs=1)


def test_what_landmarks_seem_to_do_besides_as_a_head_turns_is_left_out(head: Head, course: Course) -> None:
    gesture = read(head, course, noise=0.1, yaw=17.0).at(np.ones(1))
    assert np.degrees(gesture.yaw) == pytest.approx(17, abs=1.5)
    assert (gesture.expression == 0).all() and (gesture.residual == 0).all()
    assert np.abs(gesture.closure).max() < 0.1


def test_a_head_that_turns_and_smiles_or_blinks_does_both(head: Head, course: Course) -> None:
    smile = head.names.index("mouthSmile_L")
    still, turning = (read(head, course, mouthSmile=0.9, yaw=yaw).at(np.ones(1)) for yaw in (0.0, 17.0))
    assert turning.expression[smile] > 0.7 * still.expression[smile]
    assert (read(head, course, eyeBlink=1.0, yaw=17.0).at(np.ones(1)).closure > 0.75).all()


def test_lids_that_shut_are_read_as_shut_and_half_way_as_half(head: Head, course: Course) -> None:
    gestures = read(head, course, eyeBlink=1.0)
    shut, half = gestures.at(np.ones(1)).closure, gestures.at(np.full(1, 0.5)).closure
    assert (shut > 0.85).all() and (shut < 1.3).all()
    assert (half > 0.3).all() and (half < 0.75).all()


def test_one_eye_winks_alone(head: Head, course: Course) -> None:
    left, right = read(head, course, eyeBlink_R=1.0).at(np.ones(1)).closure
    assert left > 0.85 and abs(right) < 0.15  # the person's right eye is at the picture's left


def test_eyes_that_open_wider_count_below_nothing(head: Head, course: Course) -> None:
    assert (read(head, course, eyeWide=1.0).at(np.ones(1)).closure < 0).all()


def test_shut_eyes_that_open_are_no_division_by_nothing(head: Head, course: Course) -> None:
    gesture = read(head, course, rest={"eyeBlink": 1.0}, eyeBlink=0.0).at(np.ones(1))
    assert np.isfinite(gesture.closure).all() and (gesture.closure < -1).all()


def test_noise_at_the_keys_does_not_tremble_along_the_course(head: Head, course: Course) -> None:
    gestures = read(head, course, noise=1.0, mouthSmile=0.8)
    places = np.linspace(0, 1, 30)
    residuals = np.stack([gestures.at(np.array([place])).residual for place in places])  # (30, 68, 2)
    keyed = np.stack([gestures.at(key).residual for key in course.keys])
    assert np.abs(np.diff(residuals, 2, axis=0)).max() < 0.1 * np.abs(keyed).max()


def test_a_drift_is_taken_from_the_gesture_and_not_from_where_the_head_is_seen(head: Head, course: Course) -> None:
    plain = read(head, course, mouthSmile=0.6)
    direction = course.directions[0]
    brows = np.zeros((68, 2))
    brows[17:27, 1] = -0.03
    drifting = plain.landmarks + course.keys[:, :1, None] * brows * np.linalg.norm(
        plain.landmarks[0, 36] - plain.landmarks[0, 45]
    )
    seen, corrected, unmeant = (
        gesture_course(head, course, drifting, drift)
        for drift in (None, Drift(direction, brows, 1.0, np.ones(2)), Drift(direction, brows, 0.0, np.ones(2)))
    )
    landmarks = [figure_landmarks(head, one) for one in (plain, seen, corrected)]
    np.testing.assert_allclose(landmarks[2], landmarks[0], atol=0.05)
    assert np.abs(landmarks[1] - landmarks[0])[17:27].max() > 0.15
    np.testing.assert_array_equal(corrected.landmarks, drifting)
    assert [fit.expression.tolist() for fit in corrected.fits] == [fit.expression.tolist() for fit in seen.fits]
    assert not unmeant.coefficients.any()


def figure_landmarks(head: Head, gestures: GestureCourse) -> np.ndarray:
    """(68, 2), by how many centimetres the landmarks go at the extreme."""
    gesture, rest = gestures.at(np.ones(1)), gestures.rest_fit
    shape = head.shape(np.zeros_like(rest.identity), gesture.expression, head.landmarks)
    still = head.shape(np.zeros_like(rest.identity), np.zeros_like(gesture.expression), head.landmarks)
    moved: np.ndarray = (shape - still)[:, :2] * (1, -1) + gesture.residual
    return moved


def test_lids_close_hardly_further_than_they_do_in_the_clip(head: Head, course: Course) -> None:
    """A code that narrows the clip's wide eyes a little shuts eyes that are narrow."""
    unbounded = read(head, course, eyeBlink=1.0)
    assert (unbounded.at(np.ones(1)).closure > 0.8).all()
    clip = Drift(course.directions[0], np.zeros((68, 2)), 1.0, np.array([0.2, 1.0]))
    narrowed, shut = gesture_course(head, course, unbounded.landmarks, clip).at(np.ones(1)).closure
    assert 0.3 < narrowed < 0.5 and shut == pytest.approx(unbounded.at(np.ones(1)).closure[1], abs=0.05)
