"""Networks in their published layouts give what the published code gives.

The numbers were recorded on the same weights and inputs from stylegan2-pytorch (rosinality) at bef283a, restyle-encoder
at 5e80276 and encoder4editing at 99ea505.
"""

import math

import pytest
import torch

from tests.weights.seeded import seeded, seeded_generator, seeded_state
from weights.networks.irse import IdentityNetwork
from weights.networks.pyramid import PyramidEncoder
from weights.networks.restyle import BackboneEncoder, Inverter, StyleEncoder, styles_of_offsets
from weights.networks.stylegan2 import Generator, published_channels

STYLES = 10  # of a decoder of 64 px

# Resolution, channel multiplier, truncation: a pixel's colour; the images' mean, standard deviation, largest value.
IMAGES = {
    (64, 1, 1.0): ([-4.49519, -0.52758, -1.94889], -2.37329, 1.23277, 6.0813),
    (64, 1, 0.5): ([-5.09028, 0.73378, -2.79949], -2.58721, 1.43716, 6.3101),
    (64, 2, 1.0): ([-3.98768, -2.15004, 2.82792], -1.10741, 2.73969, 6.4947),
    (64, 2, 0.5): ([-4.46423, -1.42561, 2.24862], -1.34004, 2.41644, 6.0989),
    (1024, 2, 1.0): ([-4.93287, -3.26948, 0.73982], -2.66935, 3.67680, 10.8155),
}


@pytest.mark.parametrize(
    ("size", "multiplier", "truncation"),
    [pytest.param(*case, marks=pytest.mark.slow if case[0] == 1024 or case[2] < 1 else ()) for case in IMAGES],
)
@pytest.mark.slow
def test_a_generator_gives_what_the_published_code_gives(size: int, multiplier: int, truncation: float) -> None:
    generator = Generator(size, channels=published_channels(size, multiplier))
    generator.load_state_dict(seeded_generator(generator.state_dict()))
    generator.latent_avg = seeded("average", (1, 512))[0] * 0.3
    with torch.no_grad():
        z = seeded("z", (2 if size == 64 else 1, 512))
        images = generator.synthesize(generator.map(z, truncation))
    pixel, mean, spread, largest = IMAGES[size, multiplier, truncation]
    torch.testing.assert_close(images[-1, :, size // 3, size // 5], torch.tensor(pixel), atol=1e-3, rtol=0)
    assert images.mean().item() == pytest.approx(mean, abs=1e-4)
    assert images.std().item() == pytest.approx(spread, abs=1e-4)
    assert images.abs().max().item() == pytest.approx(largest, abs=1e-3)


@pytest.mark.slow
def test_an_identity_network_gives_what_the_published_code_gives() -> None:
    with torch.device("meta"):
        network = IdentityNetwork()
    network.load_state_dict(seeded_state(network.state_dict()), assign=True)
    with torch.no_grad():
        first, second = network.eval().embed(seeded("faces", (2, 3, 112, 112)))
    recorded = torch.tensor([0.106239, 0.001716, 0.00806, -0.046336, -0.014203, -0.001132])
    torch.testing.assert_close(second[:6], recorded, atol=1e-5, rtol=0)
    assert (first @ second).item() == pytest.approx(0.912312, abs=1e-5)


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
@pytest.mark.slow
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
    """Says of each image its mean colour, in every style."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(1, 2, 3))[:, None, None].expand(-1, 6, 512)


@pytest.mark.slow
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
