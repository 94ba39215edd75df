"""NVIDIA's generators, converted, draw what the published code draws.

The numbers come from the published code itself, run on the CPU in float32 with `noise_mode="const"`: `training/
networks.py` of stylegan2-ada-pytorch (commit d72cc7d) and `training/networks_stylegan2.py` of stylegan3 (commit
c233a91), which agree with each other, on networks with the same values in every tensor as here. The files are written
here in the structure that those repositories pickle.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from common.errors import CheckpointError
from tests.weights.made_nvidia import WIDTHS, Layout, generator, loaded, low_pass, module, values
from tests.weights.test_nvidia_pickle import stream
from weights.clipping import warn_if_clipped
from weights.nvidia_generator import published_generator
from weights.nvidia_pickle import PersistentObject, read_nvidia_pickle

# Of two images at truncation 1 and 0.5: mean, standard deviation, and ten values at even distances.
RECORDED: dict[tuple[int, int], list[list[float]]] = {
    (16, 2): [
        [
            0.060467,
            2.063190,
            -0.679713,
            -4.984153,
            -0.798048,
            0.092728,
            -2.702907,
            -1.604905,
            1.372969,
            -0.179830,
            -0.168389,
            6.157277,
        ],
        [
            0.326686,
            2.546013,
            -0.728488,
            -1.717057,
            -0.721678,
            5.406557,
            -4.415289,
            0.656962,
            0.068779,
            -0.887087,
            1.035979,
            -2.813277,
        ],
    ],
    (32, 8): [
        [
            -0.900636,
            0.936690,
            -0.530361,
            -1.121257,
            -0.033095,
            -0.363046,
            -0.893301,
            -0.155431,
            -1.013643,
            -1.040253,
            -0.571938,
            -0.352881,
        ],
        [
            -0.604462,
            7.196521,
            0.577234,
            15.657000,
            0.014762,
            -1.143367,
            -2.284996,
            -0.134423,
            -1.387544,
            4.878778,
            0.258761,
            2.565684,
        ],
    ],
}


def summary(images: Tensor) -> list[float]:
    flat = images.flatten()
    places = torch.arange(10) * (flat.numel() // 10) + 7
    return [float(flat.mean()), float(flat.std()), *flat[places].tolist()]


@pytest.mark.parametrize("layout", ["ada", "stylegan3"])
@pytest.mark.parametrize(("resolution", "mapping_layers"), [(16, 2), (32, 8)])
def test_images_are_those_of_the_published_code(
    tmp_path: Path, resolution: int, mapping_layers: int, layout: Layout
) -> None:
    path = tmp_path / "ffhq.pkl"
    path.write_bytes(stream({"G_ema": generator(resolution, mapping_layers, layout)}, 3 if layout == "ada" else 4))
    published = published_generator(read_nvidia_pickle(path)["G_ema"], path)
    assert published.settings["mapping_layers"] == mapping_layers
    assert published.settings["channels"] == WIDTHS[resolution]
    assert published.settings["mapping_lr"] == 0.01
    assert published.clamp == (256 if layout == "stylegan3" else math.inf)
    network = loaded(published)
    warn_if_clipped(network, published.clamp, path)
    assert published.latent_avg is not None
    network.latent_avg = published.latent_avg
    for truncation, numbers in zip((1.0, 0.5), RECORDED[resolution, mapping_layers], strict=True):
        images = network.synthesize(network.map(values("z", (2, 512)), truncation))
        torch.testing.assert_close(torch.tensor(summary(images)), torch.tensor(numbers), atol=1e-4, rtol=0)


def part(network: PersistentObject, name: str) -> dict[str, Any]:
    """The state of a network's part, to change it."""
    for step in name.split(".") if name else []:
        network = network.state["_modules"][step]
    return network.state


def without(name: str, group: str, key: str) -> Callable[[PersistentObject], None]:
    return lambda network: part(network, name)[group].pop(key)


def changed(name: str, **attributes: Any) -> Callable[[PersistentObject], None]:
    return lambda network: part(network, name).update(attributes)


def replaced(name: str, group: str, key: str, value: Any) -> Callable[[PersistentObject], None]:
    return lambda network: part(network, name)[group].update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("", c_dim=10), "c_dim: expected 0, a generator without classes, found 10"),
        (changed("", z_dim=256), "z_dim: expected 512, .*, found 256"),
        (changed("", w_dim=256), "w_dim: expected 512, .*, found 256"),
        (changed("", img_channels=1), "img_channels: expected 3, RGB, found 1"),
        (changed("", img_resolution=48), "power of two from 8 to 1024, found 48"),
        (changed("", img_resolution=4), "power of two from 8 to 1024, found 4"),
        (changed("", img_resolution=math.nan), "expected a number in G_ema.img_resolution"),
        (changed("", img_resolution=10**5000), "expected a number in G_ema.img_resolution"),
        (changed("", img_resolution=32), "G_ema.synthesis has no b32"),
        (changed("synthesis.b8", architecture="resnet"), "b8.architecture: expected skip, .*, found resnet"),
        (changed("synthesis.b4", architecture="orig"), "b4.architecture: expected skip, .*, found orig"),
        (changed("synthesis.b8.conv0", activation="relu"), "conv0.activation: expected lrelu, .*, found relu"),
        (changed("synthesis.b8.conv0", activation=None), "conv0.activation: expected lrelu, .*, found NoneType"),
        (changed("synthesis.b8.conv0", act_gain=1.0), "conv0.act_gain: expected 1.41421, .*, found 1"),
        (changed("synthesis.b8.conv1", up=2), "conv1.up: expected 1, .*, found 2"),
        (changed("synthesis.b8.torgb", weight_gain=1.0), "torgb.weight_gain: expected 0.25, .*, found 1"),
        (changed("synthesis.b8.torgb.affine", bias_gain=2), "affine.bias_gain: expected 1, .*, found 2"),
        (changed("mapping.fc1", bias_gain=0.02), "fc1.bias_gain: expected 0.01, .*, found 0.02"),
        (changed("mapping", num_layers=3), "expected layers fc0, fc1, … in G_ema.mapping, found 2 of them"),
        (changed("mapping", _modules=None), "G_ema.mapping has no _modules"),
        (without("", "_modules", "mapping"), "G_ema has no mapping"),
        (without("synthesis.b16", "_modules", "torgb"), "b16 has no torgb"),
        (without("synthesis.b4", "_parameters", "const"), "b4 has no const"),
        (without("synthesis.b8.conv0", "_buffers", "noise_const"), "one of noise_const and noise_strength"),
        (without("synthesis.b8.conv0", "_buffers", "resample_filter"), "another filter than"),
        (replaced("synthesis.b8", "_buffers", "resample_filter", low_pass()[1:, 1:]), "b8 resamples with another"),
        (replaced("synthesis.b8.conv0", "_buffers", "resample_filter", low_pass() * 2), "conv0 resamples with another"),
        (replaced("synthesis.b4", "_parameters", "const", torch.zeros(16, 16)), "const: expected values in 3 dim"),
        (replaced("synthesis.b4", "_parameters", "const", torch.zeros(0, 4, 4)), "const: expected values in 3 dim"),
        (replaced("mapping", "_buffers", "w_avg", torch.full((512,), torch.nan)), "w_avg: expected 512 finite"),
        (
            replaced("synthesis", "_modules", "input", module("SynthesisInput", {}, {}, {})),
            "alias-free one of StyleGAN3",
        ),
    ],
)
def test_other_networks_are_refused_by_what_is_other(change: Callable[[PersistentObject], None], message: str) -> None:
    network = generator(16, 2, "ada")
    change(network)
    with pytest.raises(CheckpointError, match=message) as refused:
        published_generator(network, Path("other.pkl"))
    assert str(refused.value).startswith("other.pkl: ") and "\n" not in str(refused.value)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"other.pkl: expected a generator in G_ema, found dict"):
        published_generator({}, Path("other.pkl"))


def test_a_network_without_noise_has_noise_of_strength_zero() -> None:
    network = generator(16, 2, "ada")
    for name in ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"):
        part(network, f"synthesis.{name}")["_buffers"].pop("noise_const")
        part(network, f"synthesis.{name}")["_parameters"].pop("noise_strength")
    quiet = loaded(published_generator(network, Path("quiet.pkl")))
    codes = quiet.map(values("z", (2, 512)))
    before = quiet.synthesize(codes)
    quiet.noises.layer(2).fill_(5.0)
    torch.testing.assert_close(quiet.synthesize(codes), before)


def test_a_network_without_an_average_leaves_it_to_be_measured() -> None:
    network = generator(16, 2, "ada")
    part(network, "mapping")["_buffers"].clear()
    assert published_generator(network, Path("ffhq.pkl")).latent_avg is None


def test_weights_in_half_precision_and_in_another_order_are_float32_in_ours() -> None:
    network = generator(16, 2, "stylegan3")
    stored = part(network, "synthesis.b16.conv1")["_parameters"]
    stored["weight"] = stored["weight"].half().to(memory_format=torch.channels_last)
    weight = published_generator(network, Path("ffhq.pkl")).state["convs.3.conv.weight"]
    assert weight.dtype == torch.float32 and weight.is_contiguous()
    torch.testing.assert_close(weight[0], stored["weight"].float())
