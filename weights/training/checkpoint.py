"""Saving a training run so that it goes on after anything."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn


def write_safely(path: Path, write: Any) -> None:
    """Let `write(temporary_path)` make the file, then put it in place at once."""
    temporary = path.with_suffix(path.suffix + ".part")
    write(temporary)
    temporary.replace(path)


def save_weights(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, object], half: bool = True) -> None:
    """Write a `.safetensors` file, in half precision by default (our networks lose less than 0.01 dB by it).

    Metadata values are stored as JSON, for the format holds only strings.
    """
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    if half:
        kept = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in kept.items()}
    text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}
    write_safely(path, lambda temporary: save_file(kept, temporary, metadata=text))


def save_run(path: Path, **parts: Any) -> None:
    """Write everything that a run needs to go on: tensors, optimiser states, plain numbers."""
    write_safely(path, lambda temporary: torch.save(parts, temporary))


def load_run(path: Path) -> dict[str, Any] | None:
    """What `save_run` wrote, or None for a run that starts. Executes nothing from the file."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


class Average:
    """An exponential moving average of a network's parameters, kept beside it."""

    def __init__(self, network: nn.Module, averaged: nn.Module, decay: float = 0.998):
        self.network, self.averaged, self.decay = network, averaged.requires_grad_(False), decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the network's parameters; young runs average over less, so that the start is forgotten."""
        decay = min(self.decay, 1 - 1 / (step + 10))
        for mean, value in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
        for mean_buffer, buffer in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            mean_buffer.copy_(buffer)


class Budget:
    """A run's time: minutes in all, over every resumption."""

    def __init__(self, minutes: float, spent: float = 0.0):
        self.minutes, self._start = minutes, time.monotonic() - 60 * spent

    @property
    def spent(self) -> float:
        """Minutes so far."""
        return (time.monotonic() - self._start) / 60

    @property
    def share(self) -> float:
        """From 0 at the start to 1 when the time is over."""
        return min(1.0, self.spent / self.minutes)


def log_line(path: Path, **figures: object) -> None:
    """Print figures, and append them to a JSON-lines file."""
    line = json.dumps(figures)
    print(line, flush=True)
    with path.open("a") as log:
        log.write(line + "\n")
