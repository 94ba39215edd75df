"""Weights that anybody can make again: every value follows from its tensor's name and its own place."""

import math
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def seeded(name: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform values of unit variance, by a multiplicative hash of the place and the name."""
    steps = np.arange(math.prod(shape), dtype=np.int64) * 2654435761 + zlib.crc32(name.encode())
    return torch.from_numpy((steps % 2**32) / 2**31 - 1).float().reshape(shape) * math.sqrt(3)


def seeded_state(wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state with the names and shapes of another (its values do not matter), as large as trained ones are."""
    return {name: _scaled(name, tensor) for name, tensor in wanted.items()}


def _scaled(name: str, tensor: Tensor) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros_like(tensor, device="cpu")
    values = seeded(name, tuple(tensor.shape))
    if name.endswith("running_var"):
        return 1 + 0.2 * values
    if tensor.ndim == 4:
        return values / math.sqrt(math.prod(tensor.shape[1:]))
    if tensor.ndim == 2:
        return values
    if name.endswith("weight"):  # of a normalisation or an activation
        return 0.6 + 0.2 * values
    return 0.1 * values


def seeded_generator(wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same for a StyleGAN2 generator, whose layers scale their weights themselves; its filters stay as they are."""
    made = {}
    for name, tensor in wanted.items():
        values = seeded(name, tuple(tensor.shape))
        if name.endswith("kernel"):
            values = tensor.clone()
        elif name.startswith("style."):
            values = values * (100 if name.endswith("weight") else 10)
        elif name.endswith("modulation.bias"):
            values = 1 + 0.3 * values
        elif name.endswith(("bias", "noise.weight")):
            values = 0.2 * values
        made[name] = values
    return made
