"""Generators in the structure that NVIDIA's repositories pickle, with values made from their tensors' names."""

import math
import zlib
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from tests.weights.test_nvidia_pickle import EasyDict
from weights.networks.stylegan2 import Generator
from weights.nvidia_generator import Published
from weights.nvidia_pickle import PersistentObject

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
