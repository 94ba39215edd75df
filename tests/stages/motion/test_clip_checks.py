"""Whether a clip is one motion of one person that begins at rest."""

import numpy as np
import pytest

from common.errors import ClipError
from stages.motion.clip_checks import (
    is_still,
    keep_first_person,
    motion_of_landmarks,
    other_people,
    refuse_still,
    rest_is_elsewhere,
)

TIMES = np.arange(16) / 30


def resting() -> np.ndarray:
    """(68, 2) of a face that looks ahead with open eyes and a closed mouth, 100 between the eyes' outer corners."""
    points = np.zeros((68, 2))
    for left, eye in ((0.0, 36), (70.0, 42)):
        points[eye : eye + 6] = [
            [left, 0],
            [left + 10, -5],
            [left + 20, -5],
            [left + 30, 0],
            [left + 20, 5],
            [left + 10, 5],
        ]
    points[27:31] = [50, 20]
    points[48], points[54], points[62], points[66] = (22, 70), (78, 70), (50, 70), (50, 71)
    return points


def moved(kind: str) -> np.ndarray:
    points = resting()
    if kind == "smile":
        points[48, 0], points[54, 0], points[66, 1] = 15, 87, 79
    elif kind == "eyes closed":
        points[[37, 38, 43, 44], 1] = -0.5
        points[[40, 41, 46, 47], 1] = 0.5
    else:
        points[27:31, 0] += 15
    return points


def way(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    share = np.linspace(0, 1, 16)[:, None, None]
    return (1 - share) * start + share * end


CODES = way(np.ones((4, 512)), np.ones((4, 512)) + np.eye(4, 512) * 40)


@pytest.mark.parametrize("kind", ["smile", "eyes closed", "head turn"])
def test_a_clip_that_runs_towards_rest_is_told_and_one_from_rest_is_not(kind: str) -> None:
    assert rest_is_elsewhere(CODES, way(moved(kind), resting())) == 15
    assert rest_is_elsewhere(CODES, way(resting(), moved(kind))) is None


def test_a_still_with_noise_does_not_move_and_a_small_smile_does() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.5, (16, 68, 2))
    codes = np.ones((16, 4, 512)) + rng.normal(0, 0.05, (16, 4, 512))
    assert is_still(codes, resting() + noise, TIMES)
    assert not is_still(codes, way(resting(), moved("smile")) + noise, TIMES)
    assert not is_still(CODES, resting() + noise, TIMES)  # ageing: landmarks keep still, codes do not
    assert motion_of_landmarks(resting()[None].repeat(16, axis=0), TIMES) == 0


def test_another_person_is_seen_by_the_embedding() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 512))
    anchors = np.stack([first + rng.normal(0, 0.3, 512) for _ in range(5)] + [second] * 3)
    np.testing.assert_array_equal(other_people(anchors), [False] * 5 + [True] * 3)


def test_somebody_who_passes_by_is_left_out_and_a_change_of_person_is_refused() -> None:
    first, other = np.eye(2)
    kept = keep_first_person(np.stack([first] * 9 + [other]), np.arange(10) / 10, "a.mp4")
    np.testing.assert_array_equal(kept, [True] * 9 + [False])
    with pytest.raises(ClipError, match=r"^a\.mp4: another person is seen from 0\.60 s on, in 4 of 10 anchors"):
        keep_first_person(np.stack([first] * 6 + [other] * 4), np.arange(10) / 10, "a.mp4")


def test_a_clip_without_a_motion_is_refused_by_name() -> None:
    codes, landmarks = np.ones((4, 2, 512)), np.stack([resting()] * 4)
    with pytest.raises(ClipError, match=r"^a\.mp4: the face keeps still"):
        refuse_still(codes, landmarks, np.arange(4) / 30, "a.mp4")
