"""Landmarks are compared as if the head had kept its place, size and lean."""

import numpy as np
import pytest

from stages.faces.hold_still import STEADY, hold_still


@pytest.fixture
def rest() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.2, 0.8, (68, 2))


def test_what_moves_besides_eyes_and_nose_stays_as_it_is(rest: np.ndarray) -> None:
    step = np.random.default_rng(1).normal(0, 0.03, (68, 2))
    step[STEADY] = 0
    track = rest + np.linspace(0, 1, 5)[:, None, None] * step
    np.testing.assert_allclose(hold_still(track), track, atol=1e-12)


def test_how_a_face_moves_does_not_depend_on_the_crops_that_its_frames_are_cut_to(rest: np.ndarray) -> None:
    step, rng = np.random.default_rng(1).normal(0, 0.03, (68, 2)), np.random.default_rng(2)
    track = rest + np.linspace(0, 1, 5)[:, None, None] * step
    turns, sizes = [0.0, *rng.uniform(-0.3, 0.3, 4)], [1.0, *rng.uniform(0.7, 1.4, 4)]
    cut = np.stack(
        [
            size * points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            + rng.normal(0, 0.2, 2)
            for points, turn, size in zip(track, turns, sizes, strict=True)
        ]
    )
    held, other = hold_still(track), hold_still(cut)
    np.testing.assert_allclose(held - held[0], other - other[0], atol=1e-9)


def test_landmarks_of_a_black_frame_that_are_all_in_one_point_stay_there(rest: np.ndarray) -> None:
    track = np.stack([rest, np.full((68, 2), 0.5)])
    np.testing.assert_allclose(hold_still(track), track)
