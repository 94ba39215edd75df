"""Encoders in their published layouts give what the published code gives.

The numbers were recorded from restyle-encoder at 5e80276 and encoder4editing at 99ea505, on the same weights and the
same picture; differences were 0 to 1e-6.
"""

import math

import pytest
import torch

from stages.networks.pyramid import PyramidEncoder
from stages.networks.restyle import BackboneEncoder, Inverter, StyleEncoder, styles_of_offsets
from stages.networks.stylegan2 import Generator
from tests.weights.seeded import seeded, seeded_state

STYLES = 10  # of a decoder of 64 px

# Three values each of the first, fifth and last style; the mean absolute value; the mean spread over styles.
RECORDED = {
    ("BackboneEncoder", 6): (
        [[0.45785, -0.68813, 1.0126], [-0.21187, 0.59825, -0.56242], [-0.24837, 0.39676, -0.5949]],
        0.51701,
        0.60963,
    ),
    ("ProgressiveBackboneEncoder", 6): (
        [[0.45785, -0.68813, 1.0126], [0.24597, -0.08988, 0.45018], [0.20948, -0.29138, 0.4177]],
        0.58746,
        0.57193,
    ),
    ("GradualStyleEncoder", 6): (
        [[0.45785, -0.68813, 1.0126], [-0.79229, 0.77957, -0.68045], [-0.79025, 0.88365, -0.8182]],
        0.51856,
        0.59471,
    ),
    ("Encoder4Editing", 3): (
        [[0.45798, -0.68873, 1.01252], [-0.33387, 0.09043, 0.33293], [-0.33217, 0.19485, 0.19598]],
        0.53737,
        0.54806,
    ),
    ("GradualStyleEncoder", 3): (
        [[0.45798, -0.68873, 1.01252], [-0.79185, 0.77916, -0.67959], [-0.79015, 0.88358, -0.81654]],
        0.51852,
        0.59470,
    ),
}


def encoder_of(kind: str, inputs: int) -> StyleEncoder:
    """An encoder of published size with seeded weights."""
    with torch.device("meta"):
        offsets = kind in ("ProgressiveBackboneEncoder", "Encoder4Editing")
        encoder: StyleEncoder = (
            BackboneEncoder(STYLES, offsets=offsets)
            if "Backbone" in kind
            else PyramidEncoder(STYLES, inputs, offsets=offsets)
        )
    encoder.load_state_dict(seeded_state(encoder.state_dict()), assign=True)
    return encoder.eval()


@pytest.mark.parametrize(("kind", "inputs"), RECORDED)
def test_an_encoder_gives_what_the_published_code_gives(kind: str, inputs: int) -> None:
    with torch.no_grad():
        codes = encoder_of(kind, inputs)(seeded("faces", (1, inputs, 256, 256)))[0]  # (L, 512)
    values, size, spread = RECORDED[kind, inputs]
    torch.testing.assert_close(codes[[0, 4, 9], :3], torch.tensor(values), atol=1e-4, rtol=0)
    assert codes.abs().mean().item() == pytest.approx(size, abs=1e-4)
    assert codes.std(0).mean().item() == pytest.approx(spread, abs=1e-4)


def test_offsets_count_from_the_first_style() -> None:
    codes = torch.tensor([[[1.0], [10.0], [-3.0]]])
    assert styles_of_offsets(codes).flatten().tolist() == [1, 11, -2]


class Plain(StyleEncoder):
    """Says of each picture its mean colour, in every style."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(1, 2, 3))[:, None, None].expand(-1, 6, 512)


def test_an_encoder_that_sees_the_face_alone_takes_one_step() -> None:
    torch.manual_seed(3)
    generator = Generator(16, channels={4: 8, 8: 8, 16: 8}).eval().requires_grad_(False)
    single, refining = (
        Inverter(Plain(inputs, BackboneEncoder(1).body_size, 256, 512, False), generator, torch.ones(6, 512))
        for inputs in (3, 6)
    )
    assert (single.single_pass, refining.single_pass) == (True, False)
    images = torch.full((2, 3, 256, 256), 0.25)
    for iterations in (1, 5):
        torch.testing.assert_close(single.invert(images, iterations), torch.full((2, 6, 512), 1.25))
    assert not math.isclose(float(refining.invert(images, 2)[0, 0, 0]), 1.25, abs_tol=1e-4)
