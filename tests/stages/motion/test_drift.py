"""What codes do to landmarks beyond the clip is told from the motion, and taken from faces that are given it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.faces.crop_landmarks import interocular
from stages.faces.eye_opening import closures
from stages.motion.attenuation import compensate_attenuation
from stages.motion.drift import BESIDES, COMMON, MORE, drift_of
from stages.motion.micromotion import Micromotion
from tests.stages.motion.made_motions import made_face, motion_along

ANCHORS = 16
COURSE = np.linspace(0, 1, ANCHORS)
MOUTH, BROW = 48, 19
UPPER_LID, LOWER_LID = (37, 38), (40, 41)  # of the left eye


def track(**ways: float) -> np.ndarray:
    """(T, 68, 2): mouth and brow go so many inter-ocular distances, to the right and up."""
    field = np.zeros((68, 2))
    field[MOUTH, 0], field[BROW, 1] = 0.3 * ways.get("mouth", 0.0), -0.3 * ways.get("brow", 0.0)
    return made_face() + COURSE[:, None, None] * field


def motion_of(clip: np.ndarray, shown: np.ndarray) -> Micromotion:
    return compensate_attenuation(motion_along(COURSE, clip), shown)


def test_where_codes_do_what_the_clip_did_there_is_no_drift() -> None:
    drift = drift_of(motion_of(track(mouth=0.1), track(mouth=0.1)))
    assert drift is not None
    np.testing.assert_allclose(drift.field, 0, atol=1e-6)
    assert drift.meant == 1


@settings(max_examples=10)
@given(st.floats(0.7, 1.0))
def test_what_the_codes_do_beyond_the_clip_is_the_drift_whatever_their_reach(reach: float) -> None:
    motion = motion_of(track(mouth=0.1), reach * track(mouth=0.1, brow=0.02))
    drift = drift_of(motion)
    assert drift is not None
    np.testing.assert_allclose(drift.field[BROW], (0, -COMMON * 0.02 / motion.reach), atol=1e-5)
    assert np.linalg.norm(drift.field[MOUTH]) < 1e-5, "along the clip's own way nothing is taken"


def test_a_face_loses_the_drift_in_its_own_size_and_by_how_far_it_is_moved() -> None:
    motion = motion_of(track(mouth=0.1), track(mouth=0.1, brow=0.02))
    drift = drift_of(motion)
    assert drift is not None
    other = np.repeat(128.0 * made_face()[None], 3, axis=0)
    moves = torch.stack([0.0 * motion.direction, 0.5 * motion.direction, -motion.direction])
    left = drift.taken_from(other, moves) - other
    lost = COMMON * 0.02 * interocular(other[0])
    np.testing.assert_allclose(left[:, BROW, 1], [0, lost / 2, -lost], rtol=1e-3)
    np.testing.assert_allclose(np.delete(left, BROW, axis=1), 0, atol=1e-3)


def test_where_the_clip_moves_no_landmark_what_the_codes_do_counts_as_far_as_the_clip_confirms_it() -> None:
    confirmed = drift_of(motion_of(track(mouth=0.015), track(mouth=0.015)))
    unlike = drift_of(motion_of(track(mouth=0.015), track(brow=0.03)))
    assert confirmed is not None
    assert unlike is not None
    assert confirmed.meant == pytest.approx(1, abs=1e-3)
    assert unlike.meant == pytest.approx(0, abs=1e-3)


def test_nothing_is_known_without_the_anchors_landmarks_in_both_or_with_few_sound_anchors() -> None:
    motion = motion_of(track(mouth=0.1), track(mouth=0.1))
    unknown = track(mouth=0.1)
    unknown[3, 7] = math.nan
    assert drift_of(replace(motion, landmarks=None, shown=None)) is None
    assert drift_of(motion_of(track(mouth=0.1), unknown)) is None
    assert drift_of(replace(motion, stray=tuple(range(2, ANCHORS - 2)))) is None
    assert drift_of(replace(motion, coefficients=torch.zeros_like(motion.coefficients))) is None


def test_an_eye_closes_hardly_further_than_in_the_clip() -> None:
    clip = track(mouth=0.1)
    left = (*UPPER_LID, *LOWER_LID)
    middle = clip[:, left].mean(axis=1, keepdims=True)
    clip[:, left] = middle + (1 - 0.4 * COURSE[:, None, None]) * (clip[:, left] - middle)
    motion = motion_of(clip, clip)
    drift = drift_of(motion)
    assert drift is not None
    shut = float(closures(clip[0], clip[-1])[0])
    assert shut > 0.4
    np.testing.assert_allclose(drift.closure, [shut, 0], atol=0.02)
    moves = torch.stack([0.0 * motion.direction, motion.direction, -motion.direction, 0.1 * motion.direction])
    found = drift.lids_within(np.array([[0.0, 0.0], [3.0, 3.0], [-3.0, 0.1], [0.05, 0.01]]), moves)
    most = MORE * np.abs(drift.closure) + BESIDES
    np.testing.assert_allclose(found, [[0, 0], most, [-most[0], 0.1], [0.05, 0.01]], atol=1e-6)
