"""Saving a training run so that it goes on after anything."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from common.atomic_files import replace_atomically

SAVE_EVERY = 3.0  # minutes


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


class Run:
    """A training run in a folder: how long it has gone, how far it is, and what it needs to go on.

    Args:
        output: the run's folder, made if it is not there. `run.pt` in it is what an interrupted run goes on from.
        minutes: its time in all, over every resumption.
        parts: networks and optimisers, by name. An interrupted run's states are loaded into them, executing nothing.
    """

    def __init__(self, output: Path, minutes: float, **parts: nn.Module | torch.optim.Optimizer):
        output.mkdir(parents=True, exist_ok=True)
        self.output, self.minutes, self.parts = output, minutes, parts
        self.step, spent = 0, 0.0
        if (output / "run.pt").exists():
            stored = torch.load(output / "run.pt", map_location="cpu", weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(stored[name])
            self.step, spent = stored["step"], stored["spent"]
        self._start = time.monotonic() - 60 * spent

    @property
    def spent(self) -> float:
        """Minutes so far."""
        return (time.monotonic() - self._start) / 60

    @property
    def share(self) -> float:
        """From 0 at the start to 1 when the time is over."""
        return min(1.0, self.spent / self.minutes)

    def steps(self, report: Callable[[], None]) -> Iterator[float]:
        """Yield the run's share, once a step, until its time is over.

        Args:
            report: measures and writes what the run has made; called with every saving, and at the end.
        """
        next_save = self.spent + SAVE_EVERY
        while self.share < 1:
            yield self.share
            self.step += 1
            if self.spent >= next_save:
                report()
                self.save()
                next_save = self.spent + SAVE_EVERY
        report()
        self.save()

    def save(self) -> None:
        """Write everything that the run needs to go on."""
        states = {name: part.state_dict() for name, part in self.parts.items()}
        stored = {**states, "step": self.step, "spent": self.spent}
        with replace_atomically(self.output / "run.pt") as temporary:
            torch.save(stored, temporary)

    def log(self, **figures: object) -> None:
        """Print figures, and append them to `log.jsonl`."""
        line = json.dumps({"minutes": round(self.spent, 1), "step": self.step, **figures})
        print(line, flush=True)
        with (self.output / "log.jsonl").open("a") as log:
            log.write(line + "\n")


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def schedule(step: int, share: float, falling: float) -> float:
    """A factor on the learning rate: rises over 100 steps, falls linearly over the last `falling` of the run."""
    return min(1.0, (step + 5) / 100) * max(0.02, min(1.0, (1 - share) / falling))


def training_options(description: str | None, minutes: float) -> argparse.ArgumentParser:
    """The options that every training has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--renders",
        type=Path,
        nargs="+",
        required=True,
        help="folders with faces.tar and faces.npz; the last 512 faces, of few an eighth, are held out",
    )
    parser.add_argument("--output", type=Path, required=True, help="the run's folder; the same one resumes it")
    parser.add_argument("--minutes", type=float, default=minutes, help="time in all, over every resumption")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batches", type=int, default=1, help="of those that suit a CPU, taken at one step")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; contended threads are slower than one")
    return parser
