"""Holding a file's values to the tensors of a network: there, of a type and shape that fits, finite; or a sentence."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from common.errors import CheckpointError
from weights.torch_pickle import Record

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
NOISE_SEED = 0
LARGEST_VALUE = 1e12  # a flipped bit of an exponent makes more; the variances of normalisations stay far below
FEWEST_ZEROS = 4096  # biases and small layers may well be zero


def shape_of(state: Mapping[str, Any], name: str, dims: int, path: Path | str) -> tuple[int, ...]:
    """The shape of a tensor from which a network's size is read.

    Raises:
        CheckpointError: it is missing, no tensor, empty, or of another number of dimensions.
    """
    if name not in state:
        raise CheckpointError(f"{path}: tensors are missing, the first {name}. Get the file again.")
    value = state[name]
    if not isinstance(value, Tensor):
        raise CheckpointError(
            f"{path}: {name}: expected a tensor of floating-point numbers, found {_not_a_tensor(value)}."
        )
    if value.ndim != dims or not value.numel():
        raise CheckpointError(f"{path}: {name}: expected a shape of {dims} dimensions, found {tuple(value.shape)}.")
    return tuple(value.shape)


def row(state: Mapping[str, Any], pattern: str) -> int:
    """How many members a counted row of tensors has: the highest number in any of its names, and one.

    Args:
        pattern: of names, matched from their beginning, with the number as its one group.
    """
    numbers = (re.match(pattern, name) for name in state)
    return max((int(number[1]) + 1 for number in numbers if number and len(number[1]) < 4), default=0)


def fill(network: nn.Module, state: Mapping[str, Any], path: Path | str, *, looked_at: bool = False) -> None:
    """Load a state into a network, or say in one sentence why it does not fit.

    Args:
        network: without values.
        state: values by the network's names; others are left.
        path: the file, for messages.
        looked_at: whether it is known that all values are sound. Looking reads the whole of what is mapped.

    Raises:
        CheckpointError: a tensor is missing, of another type or shape, or holds values that no trained
            network has: not finite, zeros alone, or enormous.
    """
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        raise CheckpointError(f"{path}: {len(missing)} of {len(wanted)} tensors are missing, the first {missing[0]}.")
    values = {}
    for name, tensor in wanted.items():
        value = state[name]
        counts = not tensor.is_floating_point()
        if wrong := _not_a_tensor(value, counts):
            kind = "whole" if counts else "floating-point"
            raise CheckpointError(f"{path}: {name}: expected a tensor of {kind} numbers, found {wrong}.")
        if value.shape != tensor.shape:
            found, expected = tuple(value.shape), tuple(tensor.shape)
            raise CheckpointError(f"{path}: {name}: expected shape {expected}, found {found}.")
        if not looked_at and value.is_floating_point() and (wrong := _damaged(value)):
            raise CheckpointError(f"{path}: {name} holds {wrong}. Get the file again.")
        values[name] = value.detach().to(tensor.dtype if counts else torch.float32)
        if value.dtype == torch.float64 and not torch.isfinite(values[name]).all():
            raise CheckpointError(f"{path}: {name} holds values beyond single precision. Get the file again.")
    network.load_state_dict(values, assign=True)


def complete_state(network: nn.Module, state: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A state completed by what can be computed where it is missing, and whether that was noise.

    Filters are the same in every network, and counters serve training alone. Noise images are random to begin with,
    but a trained network is published with its own: new ones, the same for each load, change an image's fine grain.
    They are made where all are missing; where some are there, the file is not whole.
    """
    made: dict[str, Any] = dict(state)
    noises = [name for name in network.state_dict() if re.search(r"(^|\.)noises\.noise_\d+$", name)]
    anew = bool(noises) and not any(name in state for name in noises)
    source = torch.Generator().manual_seed(NOISE_SEED)
    for name, tensor in network.state_dict().items():
        if name in made:
            continue
        if name.endswith(".num_batches_tracked") or name == "num_batches_tracked":
            made[name] = torch.zeros_like(tensor)
        elif name.endswith(".kernel"):  # `unfilled` leaves filters as they are built
            made[name] = tensor.clone()
        elif anew and name in noises:
            made[name] = torch.randn(tensor.shape, generator=source)
    return made, anew


def average_of(value: Any, layers: int, style_dim: int, path: Path | str) -> Tensor:
    """An average code as (1 or L, 512) float32.

    Args:
        value: as a file has it: (512,), (1, 512), (L, 512) or (1, L, 512), a tensor or an array.

    Raises:
        CheckpointError: of another kind or shape, or not finite.
    """
    if wrong := _not_a_tensor(value):
        raise CheckpointError(f"{path}: latent_avg: expected a tensor of floating-point numbers, found {wrong}.")
    shape = tuple(value.shape)
    if shape not in ((style_dim,), *((*first, rows, style_dim) for first in ((), (1,)) for rows in (1, layers))):
        raise CheckpointError(f"{path}: latent_avg: expected shape {(layers, style_dim)}, found {shape}.")
    average = value.detach().float().reshape(-1, style_dim)
    if not torch.isfinite(average).all():
        raise CheckpointError(f"{path}: latent_avg holds values that are not finite. Get the file again.")
    return average


def _damaged(value: Tensor) -> str:
    """What is wrong with a tensor's values, as the end of a clause; empty where nothing is."""
    if not value.numel():
        return ""
    low, high = (float(bound) for bound in value.aminmax())
    if not math.isfinite(low) or not math.isfinite(high):
        return "values that are not finite"
    if low == high == 0 and value.ndim > 1 and value.numel() >= FEWEST_ZEROS:
        return "zeros alone, as a copy does that was broken off"
    return f"values up to {max(-low, high):.2g}, as damage makes them" if max(-low, high) > LARGEST_VALUE else ""


def _not_a_tensor(value: Any, counts: bool = False) -> str:
    """What a value is that is no plain tensor of numbers of the kind wanted; empty for one that is."""
    if isinstance(value, Record):
        return f"a {value.name}" if "tensor" in value.name else f"an object ({value.name[:60]})"
    if not isinstance(value, Tensor):
        return "nothing" if value is None else type(value).__name__
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        return "a sparse, quantized or empty tensor"
    if counts:
        whole = value.dtype in FLOATS or not (value.is_floating_point() or value.is_complex())
        return "" if whole else str(value.dtype).removeprefix("torch.")
    return "" if value.dtype in FLOATS else str(value.dtype).removeprefix("torch.")
