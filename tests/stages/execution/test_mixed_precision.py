"""The GPU's way to compute, with its numbers, on the CPU."""

import pytest
import torch
from torch import Tensor, nn

from stages.execution import mixed_precision
from stages.execution.executor import accelerated
from stages.execution.mixed_precision import MixedPrecision, pictures_together, prenormalised, tf32
from weights.networks.stylegan2 import Generator, ModulatedConv


def small_generator() -> Generator:
    widths = {4: 16, 8: 16, 16: 16, 32: 16, 64: 8, 128: 4}
    generator = Generator(128, mapping_layers=1, channels=widths).eval().requires_grad_(False)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.weight"):
            nn.init.constant_(parameter, 0.1)
    return generator


def decibel(found: Tensor, expected: Tensor) -> float:
    """Peak signal-to-noise ratio, the peak being the expected values' own extent."""
    peak = float(expected.max() - expected.min())
    return float(10 * torch.log10(peak**2 / (found - expected).square().mean()))


def test_in_full_precision_the_rewritten_layers_give_the_reference() -> None:
    generator = small_generator()
    codes = generator.map(torch.randn(3, 512))
    expected = generator.compute(codes)
    found = MixedPrecision(generator, torch.float32)(codes)
    assert float((found - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_in_half_precision_pictures_differ_by_less_than_is_seen() -> None:
    generator = small_generator()
    codes = generator.map(torch.randn(4, 512))
    found = MixedPrecision(generator)(codes)
    assert found.dtype == torch.float32
    assert decibel(found, generator.compute(codes)) >= 50


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("size", [1e-3, 1.0, 300.0])
def test_large_styles_and_kernels_do_not_overflow(upsample: bool, size: float) -> None:
    conv = ModulatedConv(64, 8, 3, style_dim=512, upsample=upsample).requires_grad_(False)
    conv.weight.mul_(size)
    x, code = torch.randn(2, 64, 8, 8), size * torch.randn(2, 512)
    expected = conv(x, code)
    found = prenormalised(conv, x.half(), code).float()
    assert torch.isfinite(found).all()
    assert float((found - expected).abs().max()) < 0.02 * float(expected.abs().max())


def test_as_many_pictures_at_a_time_as_memory_has_room_for() -> None:
    with torch.device("meta"):
        generator = Generator(1024)
    largest = 32 * 1024**2 * 2 * mixed_precision.MAPS_ALIVE  # bytes
    assert pictures_together(generator, 0) == 1
    assert pictures_together(generator, 8 * largest) == 4
    assert pictures_together(generator, 1 << 40) == mixed_precision.MOST_TOGETHER


def test_a_full_card_is_tried_again_with_fewer_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = small_generator()
    runner = MixedPrecision(generator, torch.float32)
    sizes: list[int] = []
    synthesize = runner._synthesize

    def crowded(codes: Tensor) -> Tensor:
        sizes.append(len(codes))
        if len(codes) > 2:
            raise torch.cuda.OutOfMemoryError("no room")
        return synthesize(codes)

    monkeypatch.setattr(runner, "_synthesize", crowded)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(mixed_precision, "pictures_together", lambda *_: 8)
    codes = generator.map(torch.randn(5, 512))
    torch.testing.assert_close(runner(codes), generator.compute(codes), atol=1e-4, rtol=1e-4)
    assert sizes == [5, 4, 2, 2, 1]
    monkeypatch.setattr(runner, "_synthesize", lambda _: (_ for _ in ()).throw(torch.cuda.OutOfMemoryError("none")))
    with pytest.raises(torch.cuda.OutOfMemoryError):
        runner(codes)


def test_gradients_are_those_of_full_precision() -> None:
    generator = small_generator()
    codes = generator.map(torch.randn(1, 512)).clone().requires_grad_()
    assert MixedPrecision(generator)(codes).requires_grad


def test_tf32_is_chosen_and_given_back() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    with pytest.raises(KeyError), tf32():
        assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32
        raise KeyError
    assert torch.backends.cuda.matmul.allow_tf32 == before


def test_a_generator_on_a_gpu_runs_in_mixed_precision_and_other_networks_do_not() -> None:
    generator = small_generator()
    assert isinstance(accelerated(generator, "cuda").runner, MixedPrecision)
    assert not list(generator.children()) or "runner" not in dict(generator.named_children())


@pytest.mark.gpu
def test_on_a_card_pictures_differ_by_less_than_is_seen() -> None:
    generator = small_generator().to("cuda")
    codes = generator.map(torch.randn(4, 512, device="cuda"))
    assert decibel(MixedPrecision(generator)(codes), generator.compute(codes)) >= 50
