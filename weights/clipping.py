"""Whether a generator reaches the values at which the published code clips.

A network of NVIDIA's that was trained in half precision clips each layer's output, as a rule to ±256. Our generator
does not, and does not need to while no output comes near.
"""

import math
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from weights.networks.stylegan2 import Generator, StyledConv, ToRGB


@torch.no_grad()
def warn_if_clipped(generator: Generator, clamp: float, path: Path) -> None:
    """Warn of a generator one of whose layers reaches, on a seeded code, the value at which the published code clips.

    It draws one image of full size: seconds on a CPU at 1024 pixels.

    Args:
        generator: with its weights, on the CPU.
        clamp: `Published.clamp`; infinity returns at once.
        path: its file, for the message.
    """
    if math.isinf(clamp):
        return
    peaks: dict[str, float] = {}

    def watch(name: str, layer: nn.Module, bias: Tensor | float) -> RemovableHandle:
        def note(_: nn.Module, __: Any, output: Tensor) -> None:
            peaks[name] = float((output + bias).abs().max())

        return layer.register_forward_hook(note)

    hooks = []
    for name, layer in generator.named_modules():
        if isinstance(layer, StyledConv):
            hooks.append(watch(name, layer, 0.0))
        elif isinstance(layer, ToRGB):  # what is clipped is its share, before the smaller image is added
            hooks.append(watch(name, layer.conv, layer.bias))
    try:
        z = torch.randn(1, generator.style_dim, generator=torch.Generator().manual_seed(0))
        generator.synthesize(generator.map(z))
    finally:
        for hook in hooks:
            hook.remove()
    loudest, peak = max(peaks.items(), key=lambda entry: entry[1])
    if peak >= clamp:
        warnings.warn(
            f"{path}: the published code clips its layers at ±{clamp:g}, which {loudest} exceeds ({peak:.3g}); ours "
            "does not clip, so that images differ a little.",
            stacklevel=2,
        )
