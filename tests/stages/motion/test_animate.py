import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from common.errors import MotionMismatch
from stages.motion.animate import animate
from stages.motion.micromotion import Micromotion

LAYERS, WIDTH = 6, 16


def smile() -> Micromotion:
    """A motion to the extreme and half back, in two dimensions."""
    basis = torch.eye(LAYERS * WIDTH)[:2].reshape(2, LAYERS, WIDTH)
    rising = torch.linspace(0, 3, 13)
    forth = torch.stack([rising, 0.3 * rising], dim=1)
    coefficients = torch.cat([forth, forth.flip(0)[1:7]])  # (19, 2)
    direction = torch.einsum("r,rld->ld", coefficients[12], basis)
    return Micromotion(direction, basis, coefficients, torch.zeros(LAYERS, WIDTH), "clip", "sha256:g", 1.0, 12.5)


def face() -> torch.Tensor:
    return torch.randn(LAYERS, WIDTH, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("path", ["linear", "pingpong", "replay"])
def test_a_motion_at_strength_zero_leaves_the_face_at_rest(path):
    torch.testing.assert_close(animate(face(), smile(), 8, path, strength=0.0), face().expand(8, -1, -1))


@given(st.integers(2, 100), st.floats(-3, 3))
def test_linear_goes_evenly_from_rest_to_the_extreme(frames, strength):
    codes = animate(face(), smile(), frames, "linear", strength)
    assert codes.shape == (frames, LAYERS, WIDTH)
    assert torch.equal(codes[0], face())
    torch.testing.assert_close(codes[-1], face() + strength * smile().direction)
    steps = codes.diff(dim=0)
    torch.testing.assert_close(steps, steps[:1].expand_as(steps), rtol=0, atol=1e-5)


@given(st.integers(2, 100))
def test_pingpong_comes_back_the_way_it_went_and_ends_at_rest(frames):
    codes = animate(face(), smile(), frames, "pingpong")
    assert len(codes) == frames
    assert torch.equal(codes[0], face())
    assert torch.equal(codes[-1], face())
    assert torch.equal(codes, codes.flip(0))


@given(st.integers(3, 100))
def test_pingpong_reaches_the_extreme_for_any_number_of_frames(frames):
    reach = (animate(face(), smile(), frames, "pingpong") - face()).flatten(1).norm(dim=1)
    assert float(reach.max()) == pytest.approx(float(smile().direction.norm()), rel=1e-5)


@given(st.integers(2, 60), st.sampled_from(["linear", "pingpong", "replay"]), st.floats(-2, 2))
def test_moves_are_proportional_to_strength(frames, path, strength):
    whole = animate(face(), smile(), frames, path) - face()
    part = animate(face(), smile(), frames, path, strength) - face()
    torch.testing.assert_close(part, strength * whole, rtol=0, atol=1e-5)


@given(st.integers(2, 60), st.sampled_from(["linear", "pingpong", "replay"]))
def test_every_face_makes_the_same_moves(frames, path):
    other = torch.randn(LAYERS, WIDTH)
    moves = animate(other, smile(), frames, path) - other
    torch.testing.assert_close(moves, animate(face(), smile(), frames, path) - face(), rtol=0, atol=1e-5)


def test_replay_follows_the_anchors_from_rest_over_the_extreme_to_their_end():
    moves = animate(face(), smile(), 37, "replay") - face()
    assert not moves[0].any()
    torch.testing.assert_close(moves[-1].flatten()[:2], smile().coefficients[-1], rtol=0.05, atol=0)
    assert int(moves.flatten(1).norm(dim=1).argmax()) == 24
    torch.testing.assert_close(moves[24], smile().direction, rtol=0, atol=0.05)


def test_replay_keeps_the_full_extent_of_a_short_motion():
    blink = torch.zeros(21, 2)
    blink[9:12, 0] = torch.tensor([0.5, 1.0, 0.5])
    plain = smile()
    motion = Micromotion(plain.basis[0], plain.basis, blink, plain.neutral, "", "", 1.0, 10.0)
    reach = (animate(face(), motion, 21, "replay") - face()).flatten(1).norm(dim=1)
    assert float(reach.max()) == pytest.approx(1.0, abs=1e-5)


def test_replay_keeps_the_pauses_of_the_anchors():
    plain = smile()
    count = len(plain.coefficients)
    times = torch.arange(count) / 24
    times[12:] += 5.0  # at the extreme's door
    paused = replace(plain, times=times)
    frames = 701
    moments = torch.linspace(0, float(times[-1]), frames)
    moves = (animate(face(), paused, frames, "replay") - face()).flatten(1)
    resting = (moments > times[11]) & (moments < times[12])
    assert float(resting.float().mean()) == pytest.approx(5.0 / float(times[-1]), abs=0.02)
    # Before the pause it is where the clip is at that moment, and over the pause it goes evenly.
    before = moves[(moments - times[5]).abs().argmin()].norm()
    assert float(before) == pytest.approx(float(plain.coefficients[5].norm()), rel=0.05)
    steps = moves[resting].diff(dim=0).norm(dim=1)
    assert float(steps.max()) < 1.05 * float(steps.min())


def test_even_times_are_as_good_as_none():
    plain = smile()
    even = replace(plain, times=torch.arange(len(plain.coefficients)) / 24)
    torch.testing.assert_close(animate(face(), even, 50, "replay"), animate(face(), plain, 50, "replay"))


def test_replay_of_two_anchors_is_a_straight_way():
    plain = smile()
    two = Micromotion(plain.direction, plain.basis, plain.coefficients[[0, 12]], plain.neutral, "", "", 1.0, 0.0)
    torch.testing.assert_close(animate(face(), two, 9, "replay"), animate(face(), two, 9, "linear"))


@pytest.mark.parametrize("path", ["linear", "pingpong", "replay"])
def test_only_the_chosen_layers_move(path):
    moves = animate(face(), smile(), 9, path, layers=(0, 1)) - face()
    whole = animate(face(), smile(), 9, path) - face()
    torch.testing.assert_close(moves[:, :1], whole[:, :1])
    assert not moves[:, 1:].any()
    assert not (animate(face(), smile(), 9, path, layers=(1, 6)) - face()).any()


def test_codes_of_any_precision_give_float32():
    assert animate(face().double(), smile(), 4).dtype == torch.float32


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"frames": 1}, "at least 2 frames, found 1"),
        ({"frames": 4, "path": "zigzag"}, 'found "zigzag"'),
        ({"frames": 4, "strength": math.nan}, "finite, found nan"),
        ({"frames": 4, "strength": -math.inf}, "finite, found -inf"),
        ({"frames": 4, "layers": (3, 3)}, r"found \[3, 3\]"),
        ({"frames": 4, "layers": (0, 7)}, r"within \[0, 6\], found \[0, 7\]"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        animate(face(), smile(), **arguments)


def test_a_code_with_another_number_of_layers_is_refused():
    with pytest.raises(MotionMismatch, match=r"\(5, 16\).*\(6, 16\)"):
        animate(face()[:5], smile(), 4)
