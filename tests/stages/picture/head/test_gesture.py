"""Gestures read from landmarks along a path."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from stages.faces.eye_opening import closures, room_to_close
from stages.motion.displacement import Displacement
from stages.picture.head.course import Course, course_of
from stages.picture.head.gesture import APART, BESIDES, OWN, TIGHT, WIDE, GestureCourse, gesture_course
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


def displacement_of(head: Head, course: Course, **extreme: float) -> Displacement:
    """Of anchors whose face goes evenly along the course, from rest to `extreme`."""
    rest = made_landmarks(head, made_fit(head))
    end = made_landmarks(head, made_fit(head, **dict[str, Any](extreme)))
    length = course.directions.norm()
    return Displacement(course.directions / length, np.array([float(length)]), rest, (end - rest)[None] / float(length))


def test_a_face_does_what_the_anchors_do_but_for_a_third_and_is_seen_where_it_is(head: Head, course: Course) -> None:
    own = read(head, course, mouthSmile=0.3, browInnerUp=0.6)
    theirs = read(head, course, mouthSmile=0.6, jawOpen=0.3)
    displacement = displacement_of(head, course, mouthSmile=0.6, jawOpen=0.3)
    found = gesture_course(head, course, own.landmarks, displacement)
    ways = [figure_landmarks(head, one) for one in (own, theirs, found)]
    np.testing.assert_allclose(ways[2], OWN * ways[0] + (1 - OWN) * ways[1], atol=0.03)
    np.testing.assert_array_equal(found.landmarks, own.landmarks)
    assert [fit.expression.tolist() for fit in found.fits] == [fit.expression.tolist() for fit in own.fits]


def test_where_the_anchors_landmarks_keep_still_a_face_s_own_do_too(head: Head, course: Course) -> None:
    own = read(head, course, mouthSmile=0.6)
    found = gesture_course(head, course, own.landmarks, displacement_of(head, course))
    assert np.abs(own.coefficients).max() > 0.1
    np.testing.assert_allclose(found.coefficients, 0, atol=1e-9)


def test_a_face_turns_and_widens_its_eyes_as_the_anchors_do(head: Head, course: Course) -> None:
    own = read(head, course, yaw=-12.0, eyeWide=1.0)
    found = gesture_course(head, course, own.landmarks, displacement_of(head, course, yaw=-16.0, eyeWide=1.0))
    assert np.degrees(found.at(np.ones(1)).yaw) == pytest.approx(-14.7, abs=1.5)
    assert (found.at(np.ones(1)).closure < 0).all()


def figure_landmarks(head: Head, gestures: GestureCourse) -> np.ndarray:
    """(68, 2), by how many centimetres the landmarks go at the extreme."""
    gesture, rest = gestures.at(np.ones(1)), gestures.rest_fit
    shape = head.shape(np.zeros_like(rest.identity), gesture.expression, head.landmarks)
    still = head.shape(np.zeros_like(rest.identity), np.zeros_like(gesture.expression), head.landmarks)
    moved: np.ndarray = (shape - still)[:, :2] * (1, -1) + gesture.residual
    return moved


def test_lids_close_hardly_further_than_the_anchors_do(head: Head, course: Course) -> None:
    """A code that narrows the anchors' wide eyes a little shuts eyes that are narrow."""
    unbounded = read(head, course, eyeBlink=1.0)
    assert (unbounded.at(np.ones(1)).closure > 0.8).all()
    displacement = displacement_of(head, course, eyeBlink_L=1.0, eyeBlink_R=0.2)  # L is the one to the picture's right
    theirs = closures(displacement.rest, displacement.landmarks(course.directions)[0])
    narrowed, shut = gesture_course(head, course, unbounded.landmarks, displacement).at(np.ones(1)).closure
    assert theirs[0] < narrowed < theirs[0] + OWN * (APART * theirs[0] + BESIDES) + 0.02 < 0.5
    assert shut == pytest.approx(theirs[1], abs=0.1)


def test_eyes_that_are_misread_as_opening_close_all_the_same(head: Head, course: Course) -> None:
    own = read(head, course, eyeWide=1.0)
    assert (own.at(np.ones(1)).closure < -0.3).all()
    displacement = displacement_of(head, course, eyeBlink=1.0)
    theirs = closures(displacement.rest, displacement.landmarks(course.directions)[0])
    found = gesture_course(head, course, own.landmarks, displacement).at(np.ones(1)).closure
    np.testing.assert_allclose(found, theirs - OWN * (APART * theirs + BESIDES), atol=0.03)
    assert (found > 0.75 * theirs).all()


def test_beyond_the_anchors_extreme_eyes_stay_shut_and_heads_turn_on(head: Head, course: Course) -> None:
    still, near = read(head, course), displacement_of(head, course, eyeBlink=1.0, yaw=8.0)
    far = replace(near, extreme=near.extreme / 3, ways=3 * near.ways)
    once, thrice = (gesture_course(head, course, still.landmarks, one).at(np.ones(1)) for one in (near, far))
    assert (once.closure > 0.6).all() and (thrice.closure > 0.6).all()
    assert (thrice.closure < TIGHT).all(), "lids would pass each other"
    assert 2.5 < thrice.yaw / once.yaw < 4.5


def test_a_motion_that_shuts_eyes_widens_them_backwards_as_far_as_eyes_open(head: Head, course: Course) -> None:
    still, shut = read(head, course), displacement_of(head, course, eyeBlink=1.0)
    found = gesture_course(head, course, still.landmarks, replace(shut, ways=-shut.ways)).at(np.ones(1)).closure
    np.testing.assert_allclose(found, (1 - OWN) * WIDE, atol=0.1)


def test_wide_eyes_do_not_double_their_opening_as_narrow_ones_do(head: Head, course: Course) -> None:
    narrow, still = displacement_of(head, course, eyeWide=1.0), read(head, course)
    blinking = made_landmarks(head, made_fit(head, eyeBlink=0.6))
    narrow = replace(narrow, rest=blinking)
    theirs = closures(narrow.rest, narrow.landmarks(course.directions)[0])
    found = gesture_course(head, course, still.landmarks, narrow).at(np.ones(1)).closure
    share = room_to_close(narrow.rest) / room_to_close(still.landmarks[0])
    assert (share < 0.6).all()
    np.testing.assert_allclose(found, (1 - OWN) * theirs * share, atol=0.08)
