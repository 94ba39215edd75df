"""Small files in every published layout: values are repeated inside of a file, so that each takes a few kilobytes."""

import math
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import Body, IdentityNetwork
from weights.networks.restyle import BackboneEncoder
from weights.networks.stylegan2 import Generator

CHANNELS = {4: 8, 8: 8, 16: 8}
BODY = Body(16, (16, 32, 48, 64), (1, 2, 2, 1))
OPTIONS = {"encoder_type": "BackboneEncoder", "start_from_latent_avg": True}
LOADERS = {
    "generator": load_generator,
    "inverter": load_inverter,
    "identity": load_identity,
    "landmarks": load_landmarks,
}


def repeated(shape: torch.Size, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor of one value, as large as a trained layer's."""
    value = 0.1 / math.sqrt(math.prod(shape[1:]) or 1)
    return torch.full((1,), value).to(dtype).expand(shape) if len(shape) else torch.zeros(shape, dtype=dtype)


def light(network: torch.nn.Module) -> dict[str, Tensor]:
    """A network's state with the same names, shapes and types, of repeated values; filters as they are."""
    return {
        name: tensor.clone() if name.endswith("kernel") else repeated(tensor.shape, tensor.dtype)
        for name, tensor in network.state_dict().items()
    }


def once(make: Callable[..., dict[str, Tensor]]) -> Callable[..., dict[str, Tensor]]:
    """A state that is made once for all tests of a process, in a dictionary of its own for each caller."""
    made = cache(make)
    return wraps(make)(lambda *given: dict(made(*given)))


@once
def generator_state() -> dict[str, Tensor]:
    """Of 16 px, with eight mapping layers."""
    return light(Generator(16, channels=CHANNELS))


@once
def inverter_state() -> dict[str, Tensor]:
    """A pSp encoder of ReStyle's and its decoder."""
    with torch.device("meta"):
        network = BackboneEncoder(6, BODY, size=64, head_width=16)
    encoder = light(network)
    decoder = generator_state()
    return {f"encoder.{name}": value for name, value in encoder.items()} | {
        f"decoder.{name}": value for name, value in decoder.items()
    }


@once
def identity_state() -> dict[str, Tensor]:
    """IR-SE-50."""
    with torch.device("meta"):  # names, shapes and types are all that is taken
        network = IdentityNetwork()
    return light(network)


@once
def landmarks_state(stacks: int = 2) -> dict[str, Tensor]:
    """A FAN."""
    with torch.device("meta"):
        network = LandmarkNetwork(stacks).network
    return light(network)


STATES = {
    "generator": generator_state,
    "inverter": inverter_state,
    "identity": identity_state,
    "landmarks": landmarks_state,
}


def wrapped(part: str, state: Any) -> Any:
    """A state as its publisher saves it."""
    if part == "generator":
        return {"g_ema": state, "latent_avg": torch.zeros(512)}
    if part == "inverter":
        return {"state_dict": state, "latent_avg": torch.zeros(6, 512), "opts": OPTIONS}
    return state


def saved(path: Path, content: Any, zipped: bool = True) -> Path:
    """`torch.save` to a path, which is returned."""
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path
