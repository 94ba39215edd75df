"""From an entry of a published file to a network with its values."""

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from common.errors import CheckpointError
from weights.encoder_layouts import options_of, published_encoder
from weights.entries import RAW, Entry
from weights.generator_layouts import published_size
from weights.networks.restyle import StyleEncoder
from weights.networks.stylegan2 import Generator
from weights.nvidia_generator import published_generator
from weights.nvidia_pickle import PersistentObject
from weights.skip_init import skip_init
from weights.tensors import average_of, complete_state, fill, row

# The RMS of a mapping's weights that are multiplied by 1, as synthface's are (`mapping_lr`). Published ones are drawn
# with 100, and multiplied by 0.01.
UNSCALED = (0.1, 10.0)


def build_generator(entry: Entry, path: Path) -> tuple[Generator, Any, float]:
    """A generator with its values, its average if there is one, and the value at which its layers are clipped."""
    if entry.rank == RAW:
        warnings.warn(f"{path} holds no average of its training (g_ema); {entry} is taken.", stacklevel=3)
    if isinstance(entry.state, PersistentObject):
        published = published_generator(entry.state, path)
        with building(path), skip_init():
            generator = Generator(**published.settings)
        fill(generator, published.state, path)
        return generator, published.latent_avg, published.clamp
    generator = _empty_generator(entry.state, _arguments(entry), path)
    scale = float(generator.get_parameter("style.1.weight").detach().square().mean().sqrt())
    if UNSCALED[0] < scale < UNSCALED[1]:
        raise CheckpointError(
            f"{path}: its mapping network is not scaled as published ones are, and only metadata would say how. If it "
            "is a file of micromotion's own, copy it again with its metadata."
        )
    return generator, entry.beside("latent_avg"), math.inf


def _arguments(entry: Entry) -> dict[str, Any]:
    """The options of a generator's training."""
    return options_of({"args": entry.beside("args")}, "args")


def _empty_generator(state: Mapping[str, Any], options: Mapping[str, Any], path: Path | str) -> Generator:
    with building(path):
        generator = published_size(state, options, path)
    whole, noise_is_new = complete_state(generator, state)
    fill(generator, whole, path)
    if noise_is_new:
        warnings.warn(f"{path} holds no noise images; new ones are made, the same for each load.", stacklevel=4)
    return generator


def build_inverter(entry: Entry, path: Path) -> tuple[StyleEncoder, Generator, Tensor]:
    """An encoder and a decoder with their values, and (L, 512), where an inversion starts."""
    state = state_of(entry)
    options = options_of({"opts": entry.beside("opts")})
    decoder = _empty_generator(under(state, "decoder."), _arguments(entry), f"{path}: decoder")
    with building(path):
        encoder = published_encoder(under(state, "encoder."), options, decoder.num_layers, path)
    fill(encoder, complete_state(encoder, under(state, "encoder."))[0], f"{path}: encoder")
    stored = entry.beside("latent_avg")
    if stored is None:
        found = decoder.measure_latent_avg()[None]
    else:
        found = average_of(stored, decoder.num_layers, decoder.style_dim, path)
    average = found.expand(decoder.num_layers, -1).contiguous()
    # ReStyle has the option too, but for a loss of its training alone: it starts from the average either way.
    if encoder.inputs == 3 and not options.get("start_from_latent_avg", True):
        average = torch.zeros_like(average)
    elif stored is None:
        warnings.warn(f"{path} holds no latent_avg; the decoder's own average is taken.", stacklevel=3)
    decoder.latent_avg = average[0]
    return encoder, decoder, average


def stacks_of(state: Mapping[str, Any], path: Path) -> int:
    """How many stacks a FAN's names are of: each has its own, and all but the last lead to the next."""
    stacks = max(row(state, r"(?:m|top_m_|conv_last|bn_end|l)(\d+)\."), row(state, r"(?:bl|al)(\d+)\.") + 1)
    if not 1 <= stacks <= 8:
        raise CheckpointError(f"{path}: expected a FAN of 1 to 8 stacks, found {stacks}.")
    return stacks


def state_of(entry: Entry) -> dict[str, Any]:
    """The state of an entry, which only a generator's can be no dictionary of."""
    assert isinstance(entry.state, dict)
    return entry.state


@contextmanager
def building(path: Path | str) -> Iterator[None]:
    """What networks raise where a file's shapes fit no network becomes a sentence."""
    try:
        yield
    except (RuntimeError, ValueError, ArithmeticError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path}: its tensors fit no network that is known ({error}).") from error


def under(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The part of a state whose names start with a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
