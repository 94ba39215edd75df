"""NVIDIA's generators, converted, draw what the published code draws.

The numbers come from the published code itself, run on the CPU in float32 with `noise_mode="const"`: `training/
networks.py` of stylegan2-ada-pytorch (commit d72cc7d) and `training/networks_stylegan2.py` of stylegan3 (commit
c233a91), which agree with each other, on networks with the same values in every tensor as here. The files are written
here in the structure that those repositories pickle.
"""

import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.errors import CheckpointError
from tests.weights.test_nvidia_pickle import EasyDict, stream
from weights.networks.stylegan2 import Generator, ToRGB
from weights.nvidia_generator import Published, published_generator, warn_if_clipped
from weights.nvidia_pickle import PersistentObject, read_nvidia_pickle

Layout = Literal["ada", "stylegan3"]
WIDTHS = {16: {4: 16, 8: 16, 16: 16}, 32: {4: 32, 8: 32, 16: 32, 32: 16}}


def values(name: str, shape: tuple[int, ...]) -> Tensor:
    """A tensor's values from its published name: uniform, of unit variance, scaled to what trained ones look like."""
    steps = np.arange(math.prod(shape), dtype=np.int64) * 2654435761 + zlib.crc32(name.encode())
    spread = torch.from_numpy((steps % 2**32) / 2**31 - 1).float().reshape(shape) * math.sqrt(3)
    if name.startswith("mapping.fc"):
        return spread * (100 if name.endswith("weight") else 10)
    if name.endswith("affine.bias"):
        return spread * 0.3 + 1
    if name.endswith("noise_strength"):
        return spread * 0.1 + 0.3
    return spread * (0.3 if name.endswith(("bias", "w_avg")) else 1)


def module(
    class_name: str, parameters: dict[str, Any], buffers: dict[str, Any], modules: dict[str, Any], **attributes: Any
) -> PersistentObject:
    state = {
        "training": False,
        "_parameters": {name: nn.Parameter(value, requires_grad=False) for name, value in parameters.items()},
        "_buffers": buffers,
        "_non_persistent_buffers_set": set(),
        "_modules": modules,
        "_init_args": (),
        "_init_kwargs": EasyDict(),
    }
    return PersistentObject(class_name, state | attributes)


def low_pass() -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) / 64


def generator(resolution: int, mapping_layers: int, layout: Layout) -> PersistentObject:
    """`G_ema` in the structure that a repository pickles."""
    clamp = 256 if layout == "stylegan3" else None

    def dense(name: str, inputs: int, outputs: int, activation: str = "linear", rate: float = 1) -> PersistentObject:
        tensors = {"weight": values(f"{name}.weight", (outputs, inputs)), "bias": values(f"{name}.bias", (outputs,))}
        features = {"in_features": inputs, "out_features": outputs} if layout == "stylegan3" else {}
        gains = {"weight_gain": rate / np.sqrt(inputs), "bias_gain": rate}
        return module("FullyConnectedLayer", tensors, {}, {}, activation=activation, **features, **gains)

    def sizes(inputs: int, outputs: int) -> dict[str, int]:
        return {"in_channels": inputs, "out_channels": outputs, "w_dim": 512} if layout == "stylegan3" else {}

    def conv(name: str, inputs: int, outputs: int, size: int, up: int) -> PersistentObject:
        return module(
            "SynthesisLayer",
            {
                "weight": values(f"{name}.weight", (outputs, inputs, 3, 3)),
                "noise_strength": values(f"{name}.noise_strength", ()),
                "bias": values(f"{name}.bias", (outputs,)),
            },
            {"resample_filter": low_pass(), "noise_const": values(f"{name}.noise_const", (size, size))},
            {"affine": dense(f"{name}.affine", 512, inputs)},
            **sizes(inputs, outputs),
            resolution=size,
            up=up,
            use_noise=True,
            activation="lrelu",
            conv_clamp=clamp,
            padding=1,
            act_gain=np.sqrt(2.0),
        )

    def to_rgb(name: str, inputs: int) -> PersistentObject:
        tensors = {"weight": values(f"{name}.weight", (3, inputs, 1, 1)), "bias": values(f"{name}.bias", (3,))}
        gains = {"conv_clamp": clamp, "weight_gain": 1 / np.sqrt(inputs)}
        affine = {"affine": dense(f"{name}.affine", 512, inputs)}
        return module("ToRGBLayer", tensors, {}, affine, **sizes(inputs, 3), **gains)

    blocks: dict[str, PersistentObject] = {}
    previous = 0
    for size, width in WIDTHS[resolution].items():
        name = f"synthesis.b{size}"
        layers = {"conv0": conv(f"{name}.conv0", previous, width, size, 2)} if previous else {}
        layers["conv1"] = conv(f"{name}.conv1", width, width, size, 1)
        layers["torgb"] = to_rgb(f"{name}.torgb", width)
        blocks[f"b{size}"] = module(
            "SynthesisBlock",
            {} if previous else {"const": values(f"{name}.const", (width, 4, 4))},
            {"resample_filter": low_pass()},
            layers,
            in_channels=previous,
            w_dim=512,
            resolution=size,
            img_channels=3,
            is_last=size == resolution,
            architecture="skip",
            use_fp16=layout == "stylegan3" and size > 4,
            channels_last=False,
            num_conv=len(layers) - 1,
            num_torgb=1,
            **({"fused_modconv_default": True} if layout == "stylegan3" else {}),
        )
        previous = width
    shape = {"w_dim": 512, "img_resolution": resolution, "img_channels": 3, "num_ws": 2 * len(blocks)}
    precision = {"num_fp16_res": 4} if layout == "stylegan3" else {}
    order = {"img_resolution_log2": len(blocks) + 1, "block_resolutions": list(WIDTHS[resolution])}
    mapping = module(
        "MappingNetwork",
        {},
        {"w_avg": values("mapping.w_avg", (512,))},
        {f"fc{i}": dense(f"mapping.fc{i}", 512, 512, "lrelu", 0.01) for i in range(mapping_layers)},
        z_dim=512,
        c_dim=0,
        w_dim=512,
        num_ws=2 * len(blocks),
        num_layers=mapping_layers,
        w_avg_beta=0.998 if layout == "stylegan3" else 0.995,
    )
    synthesis = module("SynthesisNetwork", {}, {}, blocks, **shape, **precision, **order)
    return module("Generator", {}, {}, {"synthesis": synthesis, "mapping": mapping}, z_dim=512, c_dim=0, **shape)


def loaded(published: Published) -> Generator:
    """A generator of a file's own settings, with every tensor from the file."""
    with torch.device("meta"):
        network = Generator(**published.settings)
    network.load_state_dict(published.state, assign=True)
    return network.eval().requires_grad_(False)


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


@pytest.mark.filterwarnings("error")
def test_where_the_published_code_would_clip_is_said() -> None:
    network = loaded(published_generator(generator(16, 2, "stylegan3"), Path("ffhq.pkl")))
    warn_if_clipped(network, math.inf, Path("ffhq.pkl"))
    warn_if_clipped(network, 256.0, Path("ffhq.pkl"))
    with pytest.warns(match=r"ffhq.pkl: the published code clips its layers at ±2, which \S+ exceeds"):
        warn_if_clipped(network, 2.0, Path("ffhq.pkl"))
    to_rgb = network.to_rgbs[0]
    assert isinstance(to_rgb, ToRGB)
    to_rgb.bias[0, 1] = -300.0
    with pytest.warns(match=r"at ±256, which to_rgbs.0 exceeds \(3\d\d\)"):
        warn_if_clipped(network, 256.0, Path("ffhq.pkl"))


def test_measuring_leaves_no_trace_in_the_network() -> None:
    network = loaded(published_generator(generator(16, 2, "stylegan3"), Path("ffhq.pkl")))
    warn_if_clipped(network, 256.0, Path("ffhq.pkl"))
    assert not any(layer._forward_hooks for layer in network.modules())
