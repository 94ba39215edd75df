"""A motion is made as long as the clip shows it, and left alone where landmarks do not tell."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.motion.attenuation import compensate_attenuation, measure_gain
from stages.motion.micromotion import Micromotion
from tests.stages.motion.made_motions import made_face, motion_along

ANCHORS = 16
COURSE = np.sin(np.linspace(0, math.pi, ANCHORS)) ** 2


def track(extent: float, noise: float = 0.0, scale: float = 1.0, seed: int = 6) -> np.ndarray:
    """(T, 68, 2): the mouth's corners go `extent` inter-ocular distances along the course."""
    field = np.zeros((68, 2))
    field[48], field[54] = (-extent * 0.3, 0), (extent * 0.3, 0)
    moved = made_face() + COURSE[:, None, None] * field
    return scale * (moved + noise * np.random.default_rng(seed).standard_normal(moved.shape))


def motion_of(extent: float = 0.1, noise: float = 0.0, seed: int = 6) -> Micromotion:
    """A motion of one direction along the course, of which the clip showed `extent`."""
    return motion_along(COURSE, track(extent, noise, seed=seed))


@given(st.floats(0.7, 1.4), st.floats(0.05, 0.5), st.sampled_from([1.0, 256.0]))
@pytest.mark.slow
def test_what_pictures_of_codes_show_less_is_made_up_for(share: float, extent: float, scale: float) -> None:
    motion = motion_of(extent)
    found = compensate_attenuation(motion, track(share * extent, scale=scale))
    assert found.reach == pytest.approx(share, rel=1e-3)
    torch.testing.assert_close(found.direction, motion.direction / share, rtol=2e-3, atol=0)
    torch.testing.assert_close(found.coefficients, motion.coefficients / share, rtol=2e-3, atol=1e-6)
    torch.testing.assert_close(found.progress, motion.progress)


@settings(max_examples=20)
@given(st.floats(0.7, 1.4))
def test_trembling_landmarks_hardly_change_the_length(share: float) -> None:
    motion = motion_of(0.1, noise=0.0005)  # 0.17 % of the inter-ocular distance
    assert measure_gain(motion, track(0.1 * share, noise=0.0005, seed=7)) == pytest.approx(share, rel=0.1)


@pytest.mark.parametrize(("extent", "noise"), [(0.05, 0.001), (0.1, 0.001), (0.1, 0.002)])
def test_trembling_does_not_make_motions_longer_on_the_average(extent: float, noise: float) -> None:
    found = [
        measure_gain(motion_of(extent, noise, seed), track(0.8 * extent, noise, seed=seed + 1))
        for seed in range(100, 160, 2)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("share", "held"), [(0.3, 1 / 1.5), (2.5, 1.5)])
def test_nothing_is_made_longer_or_shorter_by_more_than_half(share: float, held: float) -> None:
    found = compensate_attenuation(motion_of(), track(0.1 * share))
    assert found.reach == pytest.approx(held)
    torch.testing.assert_close(found.direction, motion_of().direction / held)


def test_stray_anchors_are_not_looked_at() -> None:
    shown = track(0.08)
    shown[[5, 11], 48] += 0.3
    assert measure_gain(motion_of(), shown) != pytest.approx(0.8, abs=0.1)
    assert measure_gain(replace(motion_of(), stray=(5, 11)), shown) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("motion", "shown"),
    [
        (replace(motion_of(), landmarks=None), track(0.08)),
        (motion_of(0.01), track(0.008)),
        (motion_of(), np.roll(track(0.08), 4, axis=0)),
        (motion_of(), track(-0.08)),
        (motion_of(), track(0.0)),
        (replace(motion_of(), stray=tuple(range(5, ANCHORS))), track(0.08)),
    ],
    ids=["no landmarks", "hardly moves them", "another course", "the other way", "no motion", "few sound anchors"],
)
def test_where_landmarks_do_not_tell_the_motion_is_left_as_it_is(motion: Micromotion, shown: np.ndarray) -> None:
    assert math.isnan(measure_gain(motion, shown))
    found = compensate_attenuation(motion, shown)
    torch.testing.assert_close((found.direction, found.coefficients), (motion.direction, motion.coefficients))
    assert math.isnan(found.reach)


def test_landmarks_that_are_not_known_do_not_tell() -> None:
    shown = track(0.08)
    shown[5, 50] = math.nan
    assert math.isnan(measure_gain(motion_of(), shown))
    assert measure_gain(replace(motion_of(), stray=(5,)), shown) == pytest.approx(0.8)


def test_anchors_that_stand_still_by_turns_do_not_tell() -> None:
    motion, shown = motion_of(), track(0.08)
    coefficients = motion.coefficients.clone()
    coefficients[::2] = 0
    assert math.isnan(measure_gain(replace(motion, coefficients=coefficients), shown))


def test_landmarks_of_other_anchors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \(16, 68, 2\), found \(9, 68, 2\)"):
        measure_gain(motion_of(), track(0.1)[:9])
