"""How the anchors' landmarks move is fitted over all anchors, and told for any code."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.motion.displacement import fit_displacement
from stages.motion.micromotion import Micromotion
from tests.stages.motion.made_motions import made_face, motion_along

ANCHORS = 16
COURSE = np.linspace(0, 1, ANCHORS)
MOUTH, BROW = 48, 19


def track(mouth: float, course: np.ndarray = COURSE) -> np.ndarray:
    """(T, 68, 2): the mouth goes so many inter-ocular distances to the right."""
    field = np.zeros((68, 2))
    field[MOUTH, 0] = 0.3 * mouth
    return made_face() + course[:, None, None] * field


def test_the_field_is_what_the_whole_motion_adds() -> None:
    found = fit_displacement(motion_along(COURSE, track(mouth=0.1)))
    assert found is not None
    np.testing.assert_allclose(found.field[MOUTH], (0.1, 0), atol=1e-6)
    np.testing.assert_allclose(np.delete(found.field, MOUTH, axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.rest, made_face(), atol=1e-6)
    assert found.clearness == 1


def test_landmarks_go_as_far_as_the_code_either_way_and_not_for_what_lies_off_the_motion() -> None:
    motion = motion_along(COURSE, track(mouth=0.1))
    found = fit_displacement(motion)
    assert found is not None
    off = torch.ones_like(motion.direction)
    off[:, ::2] = -1
    moves = torch.stack([0.0 * motion.direction, 0.5 * motion.direction, -2.0 * motion.direction, off])
    away = (found.landmarks(moves) - found.rest)[:, MOUTH, 0]
    np.testing.assert_allclose(away, np.array([0, 0.5, -2, 0]) * 0.03, atol=1e-6)
    np.testing.assert_allclose(found.progress(moves), [0, 0.5, 2, 0], atol=1e-6)


def test_each_direction_of_a_motion_moves_its_own_landmarks() -> None:
    """A smile with a blink in its middle: what the blink does is not lost on a path that has the anchors' timing."""
    first, second = torch.eye(1024)[:2].reshape(2, 2, 512)
    blink = np.where(np.arange(ANCHORS) == ANCHORS // 2, 0.5, 0.0)
    landmarks = track(mouth=0.1)
    landmarks[:, BROW, 1] -= 0.03 * blink
    motion = replace(
        motion_along(COURSE, landmarks),
        direction=first,
        basis=torch.stack([first, second]),
        coefficients=torch.from_numpy(np.stack([COURSE, blink], axis=1)).float(),
    )
    found = fit_displacement(motion)
    assert found is not None
    away = found.landmarks(torch.stack([first, 0.5 * second])) - found.rest
    np.testing.assert_allclose(away[0, (MOUTH, BROW)], [(0.03, 0), (0, 0)], atol=1e-4)
    np.testing.assert_allclose(away[1, (MOUTH, BROW)], [(0, 0), (0, -0.015)], atol=1e-4)


def test_one_anchor_s_noise_at_rest_is_not_added_to_all_others() -> None:
    resting = np.concatenate([np.zeros(7), np.linspace(0, 1, 9)])
    noisy = track(mouth=0.1, course=resting)
    noisy[0, BROW, 1] += 0.03
    found = fit_displacement(motion_along(resting, noisy))
    assert found is not None
    assert np.abs(found.field[BROW]).max() < 0.2 * 0.1


@pytest.mark.parametrize(("mouth", "clearness"), [(0.01, 0.0), (0.03, 0.5), (0.05, 1.0)])
def test_how_clearly_landmarks_move_rises_with_how_far_they_go(mouth: float, clearness: float) -> None:
    found = fit_displacement(motion_along(COURSE, track(mouth)))
    assert found is not None
    assert found.clearness == pytest.approx(clearness, abs=1e-4)


def test_the_field_does_not_depend_on_the_crops_that_the_anchors_are_cut_to() -> None:
    landmarks, rng = track(mouth=0.1), np.random.default_rng(2)
    cut = np.stack([rng.uniform(0.7, 1.4) * points + rng.normal(0, 0.2, 2) for points in landmarks])
    found, other = (fit_displacement(motion_along(COURSE, one)) for one in (landmarks, cut))
    assert found is not None and other is not None
    np.testing.assert_allclose(other.field, found.field, atol=1e-5)


def test_stray_anchors_are_not_looked_at() -> None:
    landmarks = track(mouth=0.1)
    landmarks[5] += 0.2 * np.random.default_rng(0).standard_normal((68, 2))
    found, clean = (
        fit_displacement(replace(motion_along(COURSE, one), stray=(5,))) for one in (landmarks, track(mouth=0.1))
    )
    assert found is not None and clean is not None
    np.testing.assert_array_equal(found.field, clean.field)


def test_nothing_is_known_without_landmarks_where_no_code_moves_or_of_a_direction_that_no_anchor_took() -> None:
    motion: Micromotion = motion_along(COURSE, track(mouth=0.1))
    assert fit_displacement(replace(motion, landmarks=None)) is None
    assert fit_displacement(replace(motion, coefficients=torch.zeros_like(motion.coefficients))) is None
    other = motion.direction.clone()
    other[:, ::2] *= -1
    assert fit_displacement(replace(motion, direction=other)) is None
