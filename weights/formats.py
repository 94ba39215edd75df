"""From a checkpoint file to a network.

What a file holds is read from its contents, never from its name:

| contents | network |
|---|---|
| `.safetensors` of ours, metadata `architecture` | any of the four |
| `torch.save` with `g_ema` (and `latent_avg`) | StyleGAN2 generator, as published for FFHQ |
| `torch.save` with `state_dict` of `encoder.*`, `decoder.*`, and `latent_avg` | ReStyle inverter, as published |
| `torch.save` of `input_layer.*`, `body.*`, `output_layer.*` | ArcFace IR-SE-50, as published |
| `torch.save` of `conv1.*`, `m0.*`, … | FAN, as published; traced archives are refused |
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from stages.errors import CheckpointError
from stages.networks.fan import LandmarkNetwork
from stages.networks.irse import IR_SE_50, Body, IdentityNetwork
from stages.networks.restyle import BackboneEncoder, Inverter
from stages.networks.stylegan2 import Generator, layer_count
from weights.reading import read_checkpoint
from weights.store import find

State = Mapping[str, Tensor]
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
    if metadata:
        _expect(path, metadata, "stylegan2")
        channels = {int(size): width for size, width in metadata["channels"].items()}
        settings = {key: metadata[key] for key in ("resolution", "mapping_layers", "mapping_lr")}
        with torch.device("meta"):
            generator = Generator(**settings, channels=channels)
        state = content
    elif "g_ema" in content:
        state = content["g_ema"]
        generator = _published_generator(state, path)
    else:
        raise CheckpointError(f'{path}: expected a StyleGAN2 generator ("g_ema"), found {_summary(content)}.')
    _fill(generator, state, path)
    average = content.get("latent_avg")
    if average is None:
        generator.measure_latent_avg()
    else:
        generator.latent_avg = average.float().reshape(-1, generator.style_dim)[0]
    return _ready(generator, device)


def load_inverter(path_or_name: str | Path, device: str = "cpu") -> Inverter:
    """A ReStyle inverter with the decoder and the average code that it was trained with.

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
        decoder = load_generator(path.parent / metadata["decoder_file"])
        if decoder.fingerprint != metadata["decoder"]:
            raise CheckpointError(
                f"{path}: trained with generator {metadata['decoder']}, but {metadata['decoder_file']} beside it is "
                f"{decoder.fingerprint}. Use the two files of one release."
            )
        body = Body(**metadata["body"])
        with torch.device("meta"):
            encoder = BackboneEncoder(decoder.num_layers, body, metadata["size"], metadata["head_width"])
        _fill(encoder, _under(content, "encoder."), path)
        average = content["latent_avg"].float()
    elif "state_dict" in content and "latent_avg" in content:
        average = content["latent_avg"].float()
        state = _under(content["state_dict"], "decoder.")
        decoder = _published_generator(state, path)
        _fill(decoder, state, path)
        decoder.latent_avg = average[0]
        with torch.device("meta"):
            encoder = BackboneEncoder(decoder.num_layers)
        _fill(encoder, _under(content["state_dict"], "encoder."), path)
    else:
        raise CheckpointError(f'{path}: expected a ReStyle inverter ("state_dict"), found {_summary(content)}.')
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
    with torch.device("meta"):
        network = IdentityNetwork(body)
    _fill(network, content, path)
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
    with torch.device("meta"):
        network = LandmarkNetwork(stacks, size)
    _fill(network.network, content, path)
    return _ready(network, device)


def _published_generator(state: State, path: Path) -> Generator:
    """An empty generator of the size that a published state needs."""
    blocks = sum(bool(re.fullmatch(r"to_rgbs\.\d+\.bias", name)) for name in state)
    mapping = sum(bool(re.fullmatch(r"style\.\d+\.weight", name)) for name in state)
    if not blocks or "input.input" not in state:
        raise CheckpointError(f"{path}: expected a StyleGAN2 state in the published layout, found {_summary(state)}.")
    channels = {4: state["input.input"].shape[1]}
    for block in range(blocks):
        channels[8 * 2**block] = state[f"convs.{2 * block}.conv.weight"].shape[1]
    with torch.device("meta"):
        generator = Generator(4 * 2**blocks, mapping_layers=mapping, channels=channels)
    assert generator.num_layers == layer_count(4 * 2**blocks)
    return generator


def _fill(network: nn.Module, state: Mapping[str, Any], path: Path) -> None:
    """Load a state into a network, or say in one sentence why it does not fit."""
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        raise CheckpointError(f"{path}: {len(missing)} of {len(wanted)} tensors are missing, the first {missing[0]}.")
    for name, tensor in wanted.items():
        if state[name].shape != tensor.shape:
            found, expected = tuple(state[name].shape), tuple(tensor.shape)
            raise CheckpointError(f"{path}: {name}: expected shape {expected}, found {found}.")
        if state[name].is_floating_point() and not torch.isfinite(state[name]).all():
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
