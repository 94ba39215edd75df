"""From a generator as NVIDIA publishes it to the names and shapes of `weights.networks.stylegan2.Generator`.

Both `training/networks.py` of stylegan2-ada-pytorch and `training/networks_stylegan2.py` of stylegan3 write these
records (Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020). Kernels need no
turning: the published code's upsampling convolution is a transposed one with the stored kernel, as ours is. Nor do
weights need scaling: the scales at run time are checked to be those of our layers, so each value stays as it is, and
a checkpoint has the same fingerprint in either layout.

A network trained in half precision stores float32, and clips each layer's output (`weights.clipping`).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from common.errors import CheckpointError
from weights.networks.stylegan2 import BLUR, SQRT2
from weights.nvidia_pickle import PersistentObject

STYLE_DIM = 512
RESOLUTIONS = tuple(2**power for power in range(3, 11))


@dataclass(frozen=True)
class Published:
    """A published generator in our terms.

    Attributes:
        state: what `Generator.load_state_dict` takes, float32.
        settings: what `Generator(**settings)` takes.
        latent_avg: the average style, (512,) float32; None where the training kept none.
        clamp: the value to which the published code clips each layer's output; infinity for none.
    """

    state: dict[str, Tensor]
    settings: dict[str, Any]
    latent_avg: Tensor | None
    clamp: float


@dataclass(frozen=True)
class _Part:
    """A record inside the file, with what its errors are told by."""

    record: PersistentObject
    name: str
    path: Path

    def __contains__(self, name: str) -> bool:
        return isinstance(self._group("_modules").get(name), PersistentObject)

    def part(self, name: str) -> "_Part":
        """A module of this one."""
        if name not in self:
            raise CheckpointError(f"{self.path}: expected a StyleGAN2 generator, but {self.name} has no {name}.")
        return _Part(self._group("_modules")[name], f"{self.name}.{name}", self.path)

    def find(self, name: str, dims: int) -> Tensor | None:
        """A parameter or buffer in float32, contiguous, or None where there is none."""
        found = self._group("_parameters").get(name, self._group("_buffers").get(name))
        if found is None:
            return None
        if not isinstance(found, Tensor) or found.ndim != dims or not found.numel():
            raise CheckpointError(f"{self.path}: {self.name}.{name}: expected values in {dims} dimensions.")
        return found.detach().float().contiguous()

    def tensor(self, name: str, dims: int) -> Tensor:
        """A parameter or buffer that has to be there."""
        found = self.find(name, dims)
        if found is None:
            raise CheckpointError(f"{self.path}: expected a StyleGAN2 generator, but {self.name} has no {name}.")
        return found

    def number(self, name: str) -> float:
        """An attribute that has to be a number: finite, and of a size that networks have."""
        value = self.record.state.get(name)
        if not isinstance(value, int | float) or not abs(value) < 1e9:
            raise CheckpointError(f"{self.path}: expected a number in {self.name}.{name}.")
        return float(value)

    def expect(self, name: str, expected: float | str, why: str = "the only kind that can be loaded") -> None:
        """Refuse a network whose attribute has another value; numbers may differ by rounding."""
        found: float | str
        if isinstance(expected, str):
            value = self.record.state.get(name)
            found = value[:40] if isinstance(value, str) else type(value).__name__
            fits = found == expected
        else:
            found = self.number(name)
            fits = math.isclose(found, expected, rel_tol=1e-6)
        if not fits:
            wanted, shown = (value if isinstance(value, str) else f"{value:g}" for value in (expected, found))
            raise CheckpointError(f"{self.path}: {self.name}.{name}: expected {wanted}, {why}, found {shown}.")

    def _group(self, name: str) -> dict[str, Any]:
        group = self.record.state.get(name)
        if not isinstance(group, dict):
            raise CheckpointError(f"{self.path}: expected a network, but {self.name} has no {name}.")
        return group


def published_generator(network: object, path: Path) -> Published:
    """Convert a file's `G_ema`.

    Args:
        network: that entry of `weights.nvidia_pickle.read_nvidia_pickle`.
        path: the file, for messages.

    Raises:
        CheckpointError: not a generator, or one that our architecture is not: conditional, StyleGAN3, ResNet, …
    """
    if not isinstance(network, PersistentObject):
        raise CheckpointError(f"{path}: expected a generator in G_ema, found {type(network).__name__}.")
    generator = _Part(network, "G_ema", path)
    synthesis, mapping = generator.part("synthesis"), generator.part("mapping")
    if "input" in synthesis:
        raise CheckpointError(f"{path}: expected a StyleGAN2 generator, found an alias-free one of StyleGAN3.")
    generator.expect("c_dim", 0, "a generator without classes")
    for name in ("z_dim", "w_dim"):
        generator.expect(name, STYLE_DIM)
    generator.expect("img_channels", 3, "RGB")
    found = generator.number("img_resolution")
    if found not in RESOLUTIONS:
        raise CheckpointError(f"{path}: expected a resolution that is a power of two from 8 to 1024, found {found:g}.")
    resolution = int(found)

    state, mapping_layers, mapping_lr = _mapping(mapping)
    state["input.input"] = synthesis.part("b4").tensor("const", 3)[None]  # (1, C, 4, 4)
    channels: dict[int, int] = {}
    clamps = set()
    for block in range(int(math.log2(resolution)) - 1):
        size = 4 * 2**block
        part = synthesis.part(f"b{size}")
        part.expect("architecture", "skip")
        up, second, to_rgb = f"convs.{2 * block - 2}", f"convs.{2 * block - 1}", f"to_rgbs.{block - 1}"
        if block:
            _layer(part.part("conv0"), 2, size, up, 2 * block - 1, state)
            state[f"{up}.conv.blur.kernel"] = _blur(part.part("conv0"))
            state[f"{to_rgb}.upsample.kernel"] = _blur(part)
            clamps.add(_clamp(part.part("conv0")))
        _layer(part.part("conv1"), 1, size, second if block else "conv1", 2 * block, state)
        _to_rgb(part.part("torgb"), to_rgb if block else "to_rgb1", state)
        clamps |= {_clamp(part.part("conv1")), _clamp(part.part("torgb"))}
        channels[size] = part.part("conv1").tensor("weight", 4).shape[0]
    settings = {
        "resolution": resolution,
        "mapping_layers": mapping_layers,
        "mapping_lr": mapping_lr,
        "channels": channels,
    }
    average = mapping.find("w_avg", 1)
    if average is not None and (average.shape != (STYLE_DIM,) or not average.isfinite().all()):
        raise CheckpointError(f"{path}: {mapping.name}.w_avg: expected {STYLE_DIM} finite values. Get the file again.")
    return Published(state, settings, average, min(clamps))


def _mapping(mapping: _Part) -> tuple[dict[str, Tensor], int, float]:
    """The mapping network's state, its depth, and its learning-rate multiplier."""
    state: dict[str, Tensor] = {}
    depth = 0
    while f"fc{depth}" in mapping:
        layer = mapping.part(f"fc{depth}")
        layer.expect("activation", "lrelu")
        if depth == 0:
            rate = layer.number("bias_gain")
        _linear(layer, rate, f"style.{depth + 1}", state)
        depth += 1
    if depth == 0 or depth != mapping.number("num_layers"):
        raise CheckpointError(f"{mapping.path}: expected layers fc0, fc1, … in {mapping.name}, found {depth} of them.")
    return state, depth, rate


def _linear(layer: _Part, rate: float, name: str, state: dict[str, Tensor]) -> None:
    """A fully connected layer from styles, whose scales at run time have to be those of our `EqualLinear`."""
    weight = layer.tensor("weight", 2)  # (O, I)
    layer.expect("bias_gain", rate)
    layer.expect("weight_gain", rate / math.sqrt(weight.shape[1]))
    state[f"{name}.weight"], state[f"{name}.bias"] = weight, layer.tensor("bias", 1)


def _layer(layer: _Part, up: int, size: int, name: str, index: int, state: dict[str, Tensor]) -> None:
    """A modulated convolution with its noise, the generator's `index`-th."""
    layer.expect("up", up)
    layer.expect("activation", "lrelu")
    layer.expect("act_gain", SQRT2)
    _read_modulation(layer, f"{name}.conv", state)
    state[f"{name}.activate.bias"] = layer.tensor("bias", 1)
    noise, strength = layer.find("noise_const", 2), layer.find("noise_strength", 0)
    if (noise is None) != (strength is None):
        raise CheckpointError(f"{layer.path}: {layer.name} has one of noise_const and noise_strength, expected both.")
    # A network without noise is one with noise of strength zero.
    state[f"{name}.noise.weight"] = torch.zeros(1) if strength is None else strength[None]  # (1,)
    state[f"noises.noise_{index}"] = (torch.zeros(size, size) if noise is None else noise)[None, None]  # (1, 1, H, W)


def _to_rgb(layer: _Part, name: str, state: dict[str, Tensor]) -> None:
    _read_modulation(layer, f"{name}.conv", state)
    channels = layer.tensor("weight", 4).shape[1]
    layer.expect("weight_gain", 1.0 / math.sqrt(channels))
    state[f"{name}.bias"] = layer.tensor("bias", 1)[None, :, None, None]  # (1, 3, 1, 1)


def _read_modulation(layer: _Part, name: str, state: dict[str, Tensor]) -> None:
    state[f"{name}.weight"] = layer.tensor("weight", 4)[None]  # (1, O, I, k, k)
    affine = layer.part("affine")
    affine.expect("activation", "linear")
    _linear(affine, 1.0, f"{name}.modulation", state)


def _blur(part: _Part) -> Tensor:
    """The kernel of a layer that doubles its size, (4, 4), with the gain 4 that ours are stored with."""
    taps = torch.tensor(BLUR)
    wanted = torch.outer(taps, taps) / taps.sum() ** 2  # (4, 4)
    found = part.find("resample_filter", 2)
    if found is None or found.shape != wanted.shape or not torch.allclose(found, wanted, atol=1e-6):
        raise CheckpointError(f"{part.path}: {part.name} resamples with another filter than [1, 3, 3, 1].")
    return found * 4


def _clamp(layer: _Part) -> float:
    """Where the published code clips a layer's output."""
    return math.inf if layer.record.state.get("conv_clamp") is None else layer.number("conv_clamp")
