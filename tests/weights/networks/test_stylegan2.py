"""The generator against the formulas it implements, written out the slow way."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from weights.networks.stylegan2 import Generator, ModulatedConv, ToRGB, layer_count, published_channels


def small(resolution: int = 16) -> Generator:
    widths = {4: 8, 8: 8, 16: 6, 32: 4}
    return Generator(resolution, mapping_layers=2, mapping_lr=0.01, channels=widths)


def kernel_for_each_sample(conv: ModulatedConv, x: Tensor, code: Tensor) -> Tensor:
    """Modulation and demodulation of the weights themselves, as in the paper's equations 1 and 3."""
    results = []
    for image, style in zip(x, conv.modulation(code), strict=True):
        weight = conv.weight[0] * conv.scale * style[None, :, None, None]
        if conv.demodulate:
            weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if conv.blur is None:
            y = F.conv2d(image[None], weight, padding=weight.shape[-1] // 2)
        else:
            y = F.conv_transpose2d(image[None], weight.transpose(0, 1), stride=2)
            taps = conv.blur.kernel[None, None].flip(2, 3)
            y = F.conv2d(y.transpose(0, 1), taps, padding=1).transpose(0, 1)
        results.append(y)
    return torch.cat(results)


@pytest.mark.parametrize(("upsample", "demodulate"), [(False, True), (True, True), (False, False)])
def test_scaled_activations_equal_a_modulated_kernel_for_each_sample(upsample: bool, demodulate: bool) -> None:
    conv = ModulatedConv(5, 7, 3, style_dim=512, upsample=upsample, demodulate=demodulate)
    x, code = torch.randn(3, 5, 8, 8), torch.randn(3, 512)
    torch.testing.assert_close(conv(x, code), kernel_for_each_sample(conv, x, code), atol=1e-5, rtol=1e-4)


def test_the_skip_image_is_upsampled_by_zero_insertion_and_the_binomial_filter() -> None:
    to_rgb = ToRGB(4, style_dim=512)
    x, code, skip = torch.zeros(1, 4, 8, 8), torch.randn(1, 512), torch.randn(1, 3, 4, 4)
    stretched = torch.zeros(1, 3, 8, 8)
    stretched[..., ::2, ::2] = skip
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    filter_2d = (torch.outer(taps, taps) * 4).expand(3, 1, 4, 4)
    expected = F.conv2d(F.pad(stretched, (2, 1, 2, 1)), filter_2d, groups=3)
    torch.testing.assert_close(to_rgb(x, code, skip), expected, atol=1e-5, rtol=1e-4)


def test_a_published_1024_model_has_18_styles_and_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        generator = Generator(1024)
    synthesis = sum(value.numel() for name, value in generator.named_parameters() if not name.startswith("style."))
    assert generator.num_layers == 18
    assert round(synthesis / 1e6, 2) == 28.27
    names = set(generator.state_dict())
    assert {"input.input", "conv1.conv.modulation.weight", "convs.0.conv.blur.kernel", "noises.noise_16"} <= names
    assert "latent_avg" not in names


def test_layers_and_widths_follow_the_resolution() -> None:
    assert [layer_count(size) for size in (128, 256, 512, 1024)] == [12, 14, 16, 18]
    assert published_channels(256, multiplier=1) == {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128, 256: 64}


def test_images_come_at_full_size_and_previews_at_the_size_asked_for() -> None:
    generator = small(32)
    codes = generator.map(torch.randn(2, 512))
    assert codes.shape == (2, 8, 512)
    assert generator.synthesize(codes).shape == (2, 3, 32, 32)
    assert generator.synthesize(codes, resolution=8).shape == (2, 3, 8, 8)


def test_truncation_moves_codes_straight_towards_the_average() -> None:
    generator = small()
    generator.measure_latent_avg(samples=64)
    z = torch.randn(2, 512)
    full, half, none = (generator.map(z, truncation) for truncation in (1.0, 0.5, 0.0))
    torch.testing.assert_close(none, generator.latent_avg.expand_as(none))
    torch.testing.assert_close(half, (full + none) / 2)


def test_the_same_codes_give_the_same_picture_twice_for_noise_is_fixed() -> None:
    generator = small()
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.constant_(parameter, 0.5)
    codes = generator.map(torch.randn(1, 512))
    torch.testing.assert_close(generator.synthesize(codes), generator.synthesize(codes), rtol=0, atol=0)


def test_a_batch_gives_what_its_codes_give_alone() -> None:
    generator = small()
    codes = generator.map(torch.randn(3, 512))
    alone = torch.cat([generator.synthesize(code[None]) for code in codes])
    torch.testing.assert_close(generator.synthesize(codes), alone, atol=1e-5, rtol=1e-4)


def test_codes_of_another_shape_are_refused_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"expected \(B, 6, 512\), found \(1, 5, 512\)"):
        small().synthesize(torch.zeros(1, 5, 512))


def test_a_fingerprint_follows_values_and_nothing_else() -> None:
    first, second = small(), small()
    second.load_state_dict(first.state_dict())
    assert first.fingerprint == second.fingerprint
    with torch.no_grad():
        third = small()
        third.load_state_dict(first.state_dict())
        third.conv1.activate.bias[0] += 1e-3
    assert first.fingerprint != third.fingerprint


def test_the_average_style_is_the_same_for_the_same_seed() -> None:
    generator = small()
    first = generator.measure_latent_avg(samples=256).clone()
    torch.testing.assert_close(first, generator.measure_latent_avg(samples=256))
    assert first.abs().max() > 0
