import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ClipError
from stages.motion.fit import fit_micromotion

LAYERS, WIDTH = 4, 64


def clip(anchors: int = 24, noise: float = 0.0, wrong: float = 0.0, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes of a face that goes from rest to an extreme, and the whole way it goes."""
    random = torch.Generator().manual_seed(seed)
    rest = torch.randn(LAYERS, WIDTH, generator=random)
    way = torch.randn(LAYERS, WIDTH, generator=random)
    codes = rest + torch.linspace(0, 1, anchors)[:, None, None] * way
    mask = torch.rand(codes.shape, generator=random) < wrong
    gross = mask * torch.randn(codes.shape, generator=random) * 10
    return codes + noise * torch.randn(codes.shape, generator=random) + gross, way


def error(found: torch.Tensor, truth: torch.Tensor) -> float:
    return float((found - truth).norm() / truth.norm())


@settings(max_examples=10)
@given(st.integers(2, 40), st.booleans(), st.floats(1e-3, 1e3))
def test_an_even_motion_is_found_with_its_full_extent(anchors, per_layer, scale):
    codes, way = clip(anchors)
    motion = fit_micromotion(codes * scale, per_layer=per_layer)
    assert error(motion.direction, way * scale) < 1e-3
    assert len(motion.basis) == 1
    torch.testing.assert_close(motion.progress, torch.linspace(0, 1, anchors), rtol=0, atol=1e-3)
    # The median of few anchors of an even number lies between two of them: robust PCA takes a little of it for rare.
    assert 0.98 < motion.explained <= 1 + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_gross_errors_in_single_entries_do_not_enter(seed):
    codes, way = clip(32, wrong=0.03, seed=seed)
    assert error(codes[-1] - codes[0], way) > 1
    assert error(fit_micromotion(codes).direction, way) < 0.1


def test_a_blemish_in_the_neutral_anchor_does_not_enter():
    codes, way = clip(32)
    codes[0, 1, :5] += 20
    assert error(fit_micromotion(codes).direction, way) < 0.05


def test_an_anchor_that_was_inverted_badly_does_not_become_the_extreme():
    codes, way = clip(32)
    codes[7] += 3 * torch.randn(LAYERS, WIDTH)
    motion = fit_micromotion(codes, rank=1)
    assert error(motion.direction, way) < 0.05
    assert motion.progress.argmax() == 31


def test_noise_in_every_anchor_is_averaged():
    codes, way = clip(40, noise=0.2)
    assert error(fit_micromotion(codes).direction, way) < 0.5 * error(codes[-1] - codes[0], way)


@pytest.mark.parametrize("name", ["smile", "eyesClose", "aging", "angry", "headsTurn"])
@pytest.mark.slow
def test_a_published_direction_is_found_whole_though_it_lives_in_few_dimensions(name, shared):
    """Its low-rank part alone has lost up to 61 % of the extent at 11 anchors, the number that a sentence makes."""
    published = torch.load(shared / f"official_directions/{name}.pt", map_location="cpu", weights_only=True)
    way = 5 * published.detach()[0]  # (18, 512)
    codes = torch.randn(18, 512) + torch.linspace(0, 1, 11)[:, None, None] * way
    assert error(fit_micromotion(codes).direction, way) < 0.01
    noise = 0.1 * way.norm() / math.sqrt(way.numel())
    assert error(fit_micromotion(codes + noise * torch.randn(codes.shape)).direction, way) < 0.14


def test_a_short_motion_keeps_its_extent():
    rest, way = torch.randn(LAYERS, WIDTH), torch.randn(LAYERS, WIDTH)
    course = torch.zeros(30)
    course[13:18] = torch.tensor([0.3, 0.8, 1.0, 0.8, 0.3])
    assert error(fit_micromotion(rest + course[:, None, None] * way).direction, way) < 0.05


def test_a_motion_through_two_dimensions_has_two_directions_the_larger_first():
    angle = torch.linspace(0, math.pi, 40)
    first, second = torch.randn(2, LAYERS, WIDTH)
    codes = (1 - torch.cos(angle))[:, None, None] * first + 0.5 * torch.sin(angle)[:, None, None] * second
    motion = fit_micromotion(codes, energy=0.999)
    assert len(motion.basis) == 2
    rows = motion.basis.flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(2), rtol=0, atol=1e-4)
    made = torch.einsum("tr,rld->tld", motion.coefficients, motion.basis)
    assert error(made, codes) < 0.01
    assert error(motion.direction, 2 * first) < 0.1
    assert len(fit_micromotion(codes, rank=1).basis) == 1


@settings(max_examples=10)
@given(st.integers(3, 20), st.integers(0, 10**6))
def test_what_every_fit_promises(anchors, seed):
    codes = torch.randn(anchors, LAYERS, WIDTH, generator=torch.Generator().manual_seed(seed))
    motion = fit_micromotion(codes, neutral=1, source="clip", generator="sha256:g", fps=12.5)
    assert not motion.coefficients[1].any()
    assert torch.equal(motion.neutral, codes[1])
    assert motion.explained >= 0.95 - 1e-6
    extreme = motion.coefficients[motion.coefficients.norm(dim=1).argmax()]
    assert (extreme >= 0).all()
    torch.testing.assert_close(motion.direction, torch.einsum("r,rld->ld", extreme, motion.basis), rtol=1e-4, atol=1e-4)
    rows = motion.basis.flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows)), rtol=0, atol=1e-4)
    assert (motion.source, motion.generator, motion.fps) == ("clip", "sha256:g", 12.5)


def test_the_face_itself_does_not_enter():
    codes, _ = clip(16, noise=0.1)
    moved = fit_micromotion(codes + 100 * torch.randn(LAYERS, WIDTH))
    assert error(moved.direction, fit_micromotion(codes).direction) < 1e-3


def test_an_array_is_fitted_as_a_tensor_is():
    codes, _ = clip(8)
    assert fit_micromotion(codes.numpy()).fingerprint == fit_micromotion(codes).fingerprint


def test_landmarks_are_carried_along():
    codes, _ = clip(8)
    landmarks = torch.rand(8, 68, 2)
    motion = fit_micromotion(codes, landmarks=landmarks)
    assert motion.landmarks is not None
    assert torch.equal(motion.landmarks, landmarks)


def with_nan(codes: torch.Tensor) -> torch.Tensor:
    codes[3:5, 0, 0] = math.nan
    return codes


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (clip(8)[0][:1], r"^smile\.mp4: a motion needs at least 2 anchors with a face, found 1\."),
        (clip(8)[0][:1].expand(5, -1, -1), r"^smile\.mp4: the anchors do not move"),
        (with_nan(clip(8)[0]), r"^smile\.mp4: anchor 4 of 8 has a code that is not finite, and 1 more have\."),
    ],
)
def test_anchors_that_cannot_serve_are_refused_with_a_sentence(codes, said):
    with pytest.raises(ClipError, match=said):
        fit_micromotion(codes, source="smile.mp4")


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"energy": 0.0}, {"energy": 1.5}, {"neutral": 8}])
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        fit_micromotion(clip(8)[0], **wrong)


def test_codes_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(T, L, 512\), found \(4, 512\)"):
        fit_micromotion(torch.zeros(4, 512))
