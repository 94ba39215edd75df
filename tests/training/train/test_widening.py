"""Widening a generator."""

import torch

from training.train.widening import widen
from weights.networks.stylegan2 import Generator


def test_a_widened_generator_gives_the_same_pictures_and_has_room_to_learn() -> None:
    narrow = Generator(16, mapping_layers=2, mapping_lr=1.0, channels={4: 8, 8: 8, 16: 4})
    wide = Generator(16, mapping_layers=2, mapping_lr=1.0, channels={4: 8, 8: 12, 16: 10})
    wide.load_state_dict(widen(narrow.state_dict(), wide.state_dict()))
    codes = narrow.map(torch.randn(3, 512))
    pictures = wide.synthesize(codes)
    torch.testing.assert_close(pictures, narrow.synthesize(codes), atol=1e-5, rtol=1e-4)
    pictures.square().mean().backward()
    gradient = wide.get_parameter("to_rgbs.1.conv.weight").grad
    assert gradient is not None
    assert gradient[:, :, 4:].abs().min() > 0
