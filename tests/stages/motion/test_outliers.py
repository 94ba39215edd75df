import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stages.motion.fit import fit_micromotion
from stages.motion.outliers import FEWEST_ANCHORS, find_outliers, interpolate_outliers

LAYERS, WIDTH = 4, 64


def moving(course: Tensor, noise: float = 0.05, seed: int = 7) -> Tensor:
    """Codes (T, L, W) of a face that goes along `course`, (T,), on a bent way; noise in shares of the whole way."""
    random = torch.Generator().manual_seed(seed)
    rest, way, bend, *_ = torch.randn(4, LAYERS, WIDTH, generator=random)
    codes = rest + course[:, None, None] * way + 0.4 * (course * (1 - course))[:, None, None] * bend
    return codes + noise * torch.randn(codes.shape, generator=random)


def told(codes: Tensor) -> list[int]:
    return find_outliers(codes).nonzero().flatten().tolist()


COURSES = {
    "even": torch.linspace(0, 1, 32),
    "there and back": torch.sin(torch.linspace(0, math.pi, 32)) ** 2,
    "a blink over five of 40 anchors": torch.cat(
        [torch.zeros(18), torch.tensor([0.3, 0.8, 1.0, 0.8, 0.3]), torch.zeros(17)]
    ),
    "a step that stays": torch.cat([torch.zeros(20), torch.ones(12)]),
    "three held anchors at the end": torch.cat([torch.zeros(28), torch.tensor([0.5, 1.0, 1.0, 1.0])]),
    "the fewest anchors": torch.linspace(0, 1, FEWEST_ANCHORS),
}


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES.keys())
def test_a_motion_is_not_stray_however_quick(course: Tensor, noise: float) -> None:
    assert told(moving(course, noise)) == []


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 31), min_size=1, max_size=10), st.integers(0, 1000))
@pytest.mark.slow
def test_anchors_that_show_something_else_are_told_wherever_they_lie(hit: set[int], seed: int) -> None:
    codes = moving(torch.linspace(0, 1, 32), seed=seed)
    random = torch.Generator().manual_seed(seed + 1)
    for anchor in hit:
        codes[anchor] = codes[0] + 1.3 * torch.randn(LAYERS, WIDTH, generator=random)
    assert set(told(codes)) == hit


def test_two_anchors_with_the_same_stranger_do_not_vouch_for_each_other() -> None:
    codes = moving(torch.linspace(0, 1, 32))
    codes[[11, 12]] = torch.randn(LAYERS, WIDTH)
    codes[[25, 28]] = torch.randn(LAYERS, WIDTH)
    assert told(codes) == [11, 12, 25, 28]


def test_nothing_is_told_where_nothing_can_be() -> None:
    few = moving(torch.linspace(0, 1, FEWEST_ANCHORS - 1))
    few[4] = torch.randn(LAYERS, WIDTH)
    assert told(few) == []
    assert told(torch.randn(32, LAYERS, WIDTH)) == []  # everything would be stray
    only_the_last = moving(torch.cat([torch.zeros(31), torch.ones(1)]))
    assert told(only_the_last) == []  # it may be the motion itself
    assert told(torch.ones(32, LAYERS, WIDTH)) == []


def test_the_neutral_anchor_is_believed() -> None:
    codes = moving(torch.linspace(0, 1, 32))
    codes[5] = torch.randn(LAYERS, WIDTH)
    assert not find_outliers(codes, neutral=5)[5]


def test_stray_values_are_interpolated_and_held_at_the_ends() -> None:
    values = torch.tensor([1.0, 9, 9, 4, 5, 9])[:, None, None]
    stray = torch.tensor([False, True, True, False, False, True])
    assert interpolate_outliers(values, stray).flatten().tolist() == [1, 2, 3, 4, 5, 5]
    assert interpolate_outliers(values.flip(0), stray.flip(0)).flatten().tolist() == [5, 5, 4, 3, 2, 1]
    sound = torch.zeros(6, dtype=torch.bool)
    assert torch.equal(interpolate_outliers(values, sound), values)


def test_a_fit_does_not_follow_stray_anchors_and_says_which_they_are() -> None:
    hit = [3, 9, 10, 17, 22, 30, 31]
    codes = moving(torch.linspace(0, 1, 32))
    landmarks = torch.linspace(0, 1, 32)[:, None, None].expand(32, 68, 2).clone()
    clean = fit_micromotion(codes, landmarks=landmarks)
    codes[hit] = codes[0] + 1.3 * torch.randn(len(hit), LAYERS, WIDTH)
    landmarks[hit] = 7.0
    motion = fit_micromotion(codes, landmarks=landmarks)
    believed = fit_micromotion(codes, reject=False)

    def error(direction: Tensor) -> float:
        return float((direction - clean.direction).norm() / clean.direction.norm())

    assert error(motion.direction) < 0.1
    assert error(believed.direction) > 2 * error(motion.direction)
    assert (clean.stray, motion.stray, believed.stray) == ((), tuple(hit), ())
    assert motion.landmarks is not None and motion.landmarks.max() <= 1
    assert len(motion.coefficients) == 32
