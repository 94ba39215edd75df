"""From a checkpoint file to a network.

What a file holds is read from its contents, never from its name:

| contents | network |
|---|---|
| `.safetensors` of ours, metadata `architecture` | any of the four |
| `torch.save` with `g_ema` (and `latent_avg`) | StyleGAN2 generator, as published for FFHQ |
| pickle with `G_ema`, of stylegan2-ada-pytorch or stylegan3 | StyleGAN2 generator, as NVIDIA publishes it |
| `torch.save` with `state_dict` of `encoder.*`, `decoder.*`, and `latent_avg` | ReStyle, pSp, e4e, as published |
| `torch.save` of `input_layer.*`, `body.*`, `output_layer.*` | ArcFace IR-SE-50, as published |
| `torch.save` of `conv1.*`, `m0.*`, … | FAN, as published; traced archives are refused |
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from stages.errors import CheckpointError
from stages.networks.fan import LandmarkNetwork
from stages.networks.irse import IR_SE_50, Body, IdentityNetwork
from stages.networks.restyle import Inverter, StyleEncoder
from stages.networks.stylegan2 import Generator, layer_count
from weights.encoder_layouts import described_encoder, options_of, published_encoder
from weights.lock import hold_registered
from weights.nvidia_generator import published_generator, warn_if_clipped
from weights.reading import read_checkpoint
from weights.store import PARTS, Part, find
from weights.unfilled import unfilled

# What says which network a file holds: its architecture in ours, an entry in published ones.
ARCHITECTURES: dict[str, Part] = {
    "stylegan2": "generator",
    "restyle": "inverter",
    "irse": "identity",
    "fan": "landmarks",
}
TOLD_BY: dict[str, Part] = {
    "g_ema": "generator",
    "G_ema": "generator",
    "state_dict": "inverter",
    "output_layer.3.weight": "identity",
    "m0.b1_4.bn1.weight": "landmarks",
}
State = Mapping[str, Tensor]
NOTHING: Mapping[str, Any] = {}
Network = TypeVar("Network", bound=nn.Module)


def load_generator(path_or_name: str | Path, device: str = "cpu") -> Generator:
    """A StyleGAN2 generator, with its average style (computed from 4096 seeded samples where the file has none).

    Args:
        path_or_name: "synthface", "ffhq", or a checkpoint file in a published layout.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: no such file, or it does not hold a generator.
    """
    path = find(path_or_name, "generator")
    content, metadata = read_checkpoint(path)
    average, clamp = content.get("latent_avg"), math.inf
    if metadata:
        _expect(path, metadata, "stylegan2")
        state, generator = content, _described_generator(metadata)
    elif "g_ema" in content:
        state = content["g_ema"]
        generator = _published_generator(state, path)
    elif "G_ema" in content:
        published = published_generator(content["G_ema"], path)
        state, average, clamp = published.state, published.latent_avg, published.clamp
        with unfilled():
            generator = Generator(**published.settings)
    else:
        raise CheckpointError(
            f'{path}: expected a StyleGAN2 generator ("g_ema" or "G_ema"), found {_summary(content)}.'
        )
    _fill(generator, state, path, metadata)
    warn_if_clipped(generator, clamp, path)
    if average is None:
        generator.measure_latent_avg()
    else:
        generator.latent_avg = average.float().reshape(-1, generator.style_dim)[0]
    hold_registered(path)
    return _ready(generator, device)


def load_inverter(path_or_name: str | Path, device: str = "cpu") -> Inverter:
    """An inverter with the decoder and the average code that it was trained with: ReStyle, pSp or e4e.

    Args:
        path_or_name: "synthface", "ffhq", or a checkpoint file in the published layout.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: no such file, it does not hold an inverter, or (ours) the generator beside it is another one.
    """
    path = find(path_or_name, "inverter")
    content, metadata = read_checkpoint(path)
    if metadata:
        _expect(path, metadata, "restyle")
        decoder = _decoder_of_ours(content, metadata, path)
        encoder = described_encoder(metadata, decoder.num_layers)
        _fill(encoder, _under(content, "encoder."), path, metadata)
        average = content["latent_avg"].float()
    elif "state_dict" in content:
        state = _under(content["state_dict"], "decoder.")
        decoder = _published_generator(state, path)
        _fill(decoder, state, path)
        options, state = options_of(content), _under(content["state_dict"], "encoder.")
        encoder = published_encoder(state, options, decoder.num_layers, path)
        _fill(encoder, state, path)
        average = _published_average(content, options, encoder, decoder, path)
        decoder.latent_avg = average[0]
    else:
        raise CheckpointError(f'{path}: expected an inverter ("state_dict"), found {_summary(content)}.')
    hold_registered(path)
    return _ready(Inverter(encoder, decoder, average), device)


def load_identity(path_or_name: str | Path, device: str = "cpu") -> IdentityNetwork:
    """An ArcFace IR-SE network.

    Args:
        path_or_name: "synthface", "ffhq", or a checkpoint file in the published layout.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: no such file, or it does not hold an identity network.
    """
    path = find(path_or_name, "identity")
    content, metadata = read_checkpoint(path)
    if metadata:
        _expect(path, metadata, "irse")
        body = Body(**metadata["body"])
    elif "output_layer.3.weight" in content:
        body = IR_SE_50
    else:
        raise CheckpointError(f"{path}: expected an ArcFace IR-SE network, found {_summary(content)}.")
    with unfilled():
        network = IdentityNetwork(body)
    _fill(network, content, path, metadata)
    hold_registered(path)
    return _ready(network, device)


def load_landmarks(path_or_name: str | Path, device: str = "cpu") -> LandmarkNetwork:
    """A FAN landmark network.

    Args:
        path_or_name: "synthface", "ffhq" (2DFAN-4), or a checkpoint file in the published layout.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: no such file, or it does not hold a landmark network.
    """
    path = find(path_or_name, "landmarks")
    content, metadata = read_checkpoint(path)
    if metadata:
        _expect(path, metadata, "fan")
        stacks, size = metadata["stacks"], metadata["input_size"]
    elif "m0.b1_4.bn1.weight" in content:
        stacks, size = sum(bool(re.fullmatch(r"l\d+\.weight", name)) for name in content), 256
    else:
        raise CheckpointError(f"{path}: expected a FAN landmark network, found {_summary(content)}.")
    with unfilled():
        network = LandmarkNetwork(stacks, size)
    _fill(network.network, content, path, metadata)
    hold_registered(path)
    return _ready(network, device)


def part_of(path: Path) -> Part:
    """Which network a file holds, told from its contents.

    Raises:
        CheckpointError: none that we know.
    """
    content, metadata = read_checkpoint(path)
    if metadata.get("architecture") in ARCHITECTURES:
        return ARCHITECTURES[metadata["architecture"]]
    for name, part in TOLD_BY.items():
        if name in content:
            return part
    raise CheckpointError(f"{path}: expected one of the networks {', '.join(PARTS)}, found {_summary(content)}.")


def _described_generator(metadata: Mapping[str, Any]) -> Generator:
    """An empty generator as the metadata of a file of ours describe it."""
    channels = {int(size): width for size, width in metadata["channels"].items()}
    with unfilled():
        return Generator(
            metadata["resolution"],
            mapping_layers=metadata["mapping_layers"],
            mapping_lr=metadata["mapping_lr"],
            channels=channels,
        )


def _decoder_of_ours(content: State, metadata: Mapping[str, Any], path: Path) -> Generator:
    """The decoder of an inverter of ours: in its own file if that was imported, or the generator beside it."""
    if "decoder_settings" in metadata:
        decoder = _described_generator(metadata["decoder_settings"])
        _fill(decoder, _under(content, "decoder."), path, metadata)
        decoder.latent_avg = content["latent_avg"].float()[0]
        return decoder
    decoder = load_generator(path.parent / metadata["decoder_file"])
    if decoder.fingerprint != metadata["decoder"]:
        raise CheckpointError(
            f"{path}: trained with generator {metadata['decoder']}, but {metadata['decoder_file']} beside it is "
            f"{decoder.fingerprint}. Use the two files of one release."
        )
    return decoder


def _published_average(
    content: State, options: Mapping[str, Any], encoder: StyleEncoder, decoder: Generator, path: Path
) -> Tensor:
    """(L, 512), where an inversion starts; zero where a single-pass encoder was trained without the average."""
    # ReStyle has the option too, but for a loss of its training alone: it starts from the average either way.
    if encoder.inputs == 3 and not options.get("start_from_latent_avg", True):
        return torch.zeros(decoder.num_layers, decoder.style_dim)
    average = content.get("latent_avg")
    if not isinstance(average, Tensor):
        raise CheckpointError(f'{path}: expected the average code "latent_avg", found {_summary(content)}.')
    average = average.float().reshape(-1, average.shape[-1])  # (1 or L, 512)
    if average.shape[1] != decoder.style_dim or len(average) not in (1, decoder.num_layers):
        raise CheckpointError(
            f"{path}: latent_avg: expected shape {(decoder.num_layers, decoder.style_dim)}, found "
            f"{tuple(content['latent_avg'].shape)}."
        )
    if not torch.isfinite(average).all():
        raise CheckpointError(f"{path}: latent_avg holds values that are not finite. Get the file again.")
    return average.expand(decoder.num_layers, -1).contiguous()


def _published_generator(state: State, path: Path) -> Generator:
    """An empty generator of the size that a published state needs."""
    blocks = sum(bool(re.fullmatch(r"to_rgbs\.\d+\.bias", name)) for name in state)
    mapping = sum(bool(re.fullmatch(r"style\.\d+\.weight", name)) for name in state)
    if not blocks or "input.input" not in state:
        raise CheckpointError(f"{path}: expected a StyleGAN2 state in the published layout, found {_summary(state)}.")
    channels = {4: state["input.input"].shape[1]}
    for block in range(blocks):
        channels[8 * 2**block] = state[f"convs.{2 * block}.conv.weight"].shape[1]
    with unfilled():
        generator = Generator(4 * 2**blocks, mapping_layers=mapping, channels=channels)
    assert generator.num_layers == layer_count(4 * 2**blocks)
    return generator


def _fill(network: nn.Module, state: Mapping[str, Any], path: Path, metadata: Mapping[str, Any] = NOTHING) -> None:
    """Load a state into a network, or say in one sentence why it does not fit.

    An imported file's values were looked at when it was made: looking again would read the whole of what is mapped.
    """
    unseen = "source_sha256" not in metadata
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        raise CheckpointError(f"{path}: {len(missing)} of {len(wanted)} tensors are missing, the first {missing[0]}.")
    for name, tensor in wanted.items():
        if state[name].shape != tensor.shape:
            found, expected = tuple(state[name].shape), tuple(tensor.shape)
            raise CheckpointError(f"{path}: {name}: expected shape {expected}, found {found}.")
        if unseen and state[name].is_floating_point() and not torch.isfinite(state[name]).all():
            raise CheckpointError(f"{path}: {name} holds values that are not finite. Get the file again.")
    network.load_state_dict(
        {name: state[name].float() if state[name].is_floating_point() else state[name] for name in wanted}, assign=True
    )


def _under(state: Mapping[str, Any], prefix: str) -> dict[str, Tensor]:
    """The part of a state whose names start with a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _expect(path: Path, metadata: Mapping[str, Any], architecture: str) -> None:
    if metadata["architecture"] != architecture:
        raise CheckpointError(f"{path}: expected architecture {architecture}, found {metadata['architecture']}.")


def _summary(content: Mapping[str, Any]) -> str:
    """What a file holds, in a few words."""
    names = list(content)[:3]
    return f"{len(content)} entries ({', '.join(names)}{', …' if len(content) > 3 else ''})"


def _ready(network: Network, device: str) -> Network:
    """In evaluation mode, without gradients, in float32, on its device."""
    return network.eval().requires_grad_(False).float().to(device)
