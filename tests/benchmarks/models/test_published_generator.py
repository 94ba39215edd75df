"""The peer computes the same pictures: else its time would say nothing."""

import torch
from torch import nn

from benchmarks.models.published_generator import modulated, published_synthesis
from weights.networks.stylegan2 import Generator, ModulatedConv


def test_the_published_formulation_gives_the_same_pictures() -> None:
    generator = Generator(32, mapping_layers=1, channels={4: 8, 8: 8, 16: 6, 32: 4}).requires_grad_(False)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.weight"):
            nn.init.constant_(parameter, 0.5)
    codes = generator.map(torch.randn(3, 512))
    expected = generator.compute(codes)
    found = published_synthesis(generator, codes)
    assert float((found - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_each_kind_of_convolution_gives_the_same_map() -> None:
    for upsample in (False, True):
        conv = ModulatedConv(5, 7, 3, style_dim=512, upsample=upsample).requires_grad_(False)
        x, code = torch.randn(2, 5, 8, 8), torch.randn(2, 512)
        torch.testing.assert_close(modulated(conv, x, code), conv(x, code), atol=1e-5, rtol=1e-4)
