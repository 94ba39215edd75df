"""Heads found again behind their own landmarks."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from stages.faces.crop_landmarks import interocular
from stages.picture.head.fit import HeadFit, fit_change, fit_head
from tests.stages.picture.made_heads import made_fit, made_landmarks
from training.scene.camera import DISTANCE as CAMERA
from weights.networks.head import Head

FACES: dict[str, dict[str, Any]] = {
    "at rest": {},
    "turned to a half profile": {"yaw": 40.0},
    "turned and nodding": {"yaw": -20.0, "pitch": 10.0},
    "leaning": {"roll": 35.0, "yaw": 10.0},
    "on its side": {"roll": -90.0},
    "upside down": {"roll": 170.0},
    "smiling": {"mouthSmile": 1.0},
    "with an open mouth": {"jawOpen": 0.8},
    "with shut eyes": {"eyeBlink": 1.0},
}


def angle_between(first: HeadFit, second: HeadFit) -> float:
    """Degrees."""
    turn = Rotation.from_rotvec(first.turn) * Rotation.from_rotvec(second.turn).inv()
    return float(np.degrees(turn.magnitude()))


@pytest.mark.parametrize("face", FACES.values(), ids=FACES.keys())
def test_pose_and_place_of_a_made_head_are_found_again(head: Head, face: dict[str, Any]) -> None:
    true = made_fit(head, **face)
    landmarks = made_landmarks(head, true)
    found = fit_head(head, landmarks)
    assert angle_between(found, true) < 1.0
    assert found.scale == pytest.approx(true.scale, rel=0.03)
    seen = made_landmarks(head, found)
    assert np.abs(seen - landmarks).max() < 0.03 * interocular(landmarks)


@pytest.mark.parametrize(("name", "least"), [("mouthSmile_L", 0.5), ("jawOpen", 0.5), ("eyeBlink_R", 0.4)])
def test_what_a_face_does_is_found_and_nothing_else(head: Head, name: str, least: float) -> None:
    both = name.split("_")[0]
    found = fit_head(head, made_landmarks(head, made_fit(head, **dict[str, Any]({both: 0.9})))).expression
    assert found[head.names.index(name)] > least
    others = [number for number, own in enumerate(head.names) if not own.startswith(both)]
    assert np.abs(found[others]).mean() < 0.05


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.floats(-40, 40), st.floats(-20, 20))
def test_anybody_is_found_in_any_pose(head: Head, seed: int, yaw: float, pitch: float) -> None:
    who = np.random.default_rng(seed).normal(size=len(head.identity)) * 0.7
    true = made_fit(head, yaw=yaw, pitch=pitch, identity=who)
    landmarks = made_landmarks(head, true)
    found = fit_head(head, landmarks)
    assert angle_between(found, true) < 3
    assert np.abs(made_landmarks(head, found) - landmarks).max() < 0.03 * interocular(landmarks)


def test_a_larger_face_elsewhere_is_the_same_face(head: Head) -> None:
    landmarks = made_landmarks(head, made_fit(head, yaw=15.0, jawOpen=0.5))
    plain, moved = fit_head(head, landmarks), fit_head(head, 7 * landmarks + (300, -40))
    np.testing.assert_allclose(moved.expression, plain.expression, atol=1e-4)
    np.testing.assert_allclose(moved.turn, plain.turn, atol=1e-4)
    assert moved.scale == pytest.approx(7 * plain.scale, rel=1e-4)


def test_noise_of_a_landmark_does_not_become_a_grimace(head: Head) -> None:
    landmarks = made_landmarks(head, made_fit(head))
    noise = np.random.default_rng(0).normal(size=landmarks.shape) * 0.02 * interocular(landmarks)
    found = fit_head(head, landmarks + noise)
    assert np.abs(found.expression).max() < 0.35 and np.abs(found.identity).max() < 2


def test_a_change_keeps_the_person_and_finds_turn_and_smile(head: Head) -> None:
    who = np.random.default_rng(1).normal(size=len(head.identity)) * 0.5
    rest = fit_head(head, made_landmarks(head, made_fit(head, identity=who)))
    true = made_fit(head, yaw=12.0, identity=who, mouthSmile=0.8)
    (found,) = fit_change(head, rest, [made_landmarks(head, true)])
    np.testing.assert_array_equal(found.identity, rest.identity)
    assert angle_between(found, true) < 1.5
    assert found.expression[head.names.index("mouthSmile_L")] > 0.5


def test_a_change_to_rest_is_none(head: Head) -> None:
    landmarks = made_landmarks(head, made_fit(head, yaw=10.0))
    rest = fit_head(head, landmarks)
    (found,) = fit_change(head, rest, [landmarks])
    assert angle_between(found, rest) < 0.3
    np.testing.assert_allclose(found.expression, rest.expression, atol=0.02)


def test_what_is_near_the_camera_is_seen_larger_and_a_turn_is_no_larger_for_it(head: Head) -> None:
    fit = made_fit(head)
    near, far = fit.seen(np.array([[1.0, 0, 10], [1.0, 0, -10]]))[:, 0] - fit.offset[0]
    assert near / far == pytest.approx((CAMERA + 10) / (CAMERA - 10))
    rest = fit_head(head, made_landmarks(head, fit))
    (found,) = fit_change(head, rest, [made_landmarks(head, made_fit(head, yaw=17.0))])
    yaw, pitch, _ = np.degrees(Rotation.from_rotvec(found.turn).as_euler("yxz"))
    assert (yaw, pitch) == pytest.approx((17.0, 0.0), abs=0.5)
