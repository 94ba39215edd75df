"""From a checkpoint file to a network.

What a file holds is read from its contents, never from its name:

| contents | network |
|---|---|
| `.safetensors` of ours, metadata `architecture` | any of the four |
| a state with a StyleGAN2 generator's names, as `g_ema` in the files for FFHQ | generator |
| pickle with `G_ema`, of stylegan2-ada-pytorch or stylegan3; the same saved by `torch.save` | generator |
| a state of `encoder.*` and `decoder.*`, as `state_dict` | ReStyle, pSp, e4e |
| a state of `input_layer.*`, `body.*`, `output_layer.*` | ArcFace IR-SE-50 |
| a state of `conv1.*`, `m0.*`, …, also of a traced archive | FAN |

Where such a state lies in a file is found by `weights.entries`.
"""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from common.errors import CheckpointError
from weights.clipping import warn_if_clipped
from weights.encoder_layouts import described_encoder
from weights.entries import Entry, entries_in, entry_of, summary_of
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IR_SE_50, Body, IdentityNetwork
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator
from weights.published import build_generator, build_inverter, building, stacks_of, state_of, under
from weights.read_checkpoint import read_checkpoint
from weights.registry import PARTS, ModelPart
from weights.settings import GeneratorSettings, IdentitySettings, InverterSettings, LandmarkSettings, settings_of
from weights.skip_init import skip_init
from weights.store import find, list_models
from weights.tensors import average_of, complete_state, fill
from weights.torch_pickle import Record
from weights.verify_registered import verify_registered

# The architectures of files of ours.
ARCHITECTURES: dict[str, ModelPart] = {
    "stylegan2": "generator",
    "restyle": "inverter",
    "irse": "identity",
    "fan": "landmarks",
}
WANTED: dict[ModelPart, str] = {
    "generator": 'a StyleGAN2 generator ("g_ema" or "G_ema")',
    "inverter": 'an inverter ("state_dict")',
    "identity": "an ArcFace IR-SE network",
    "landmarks": "a FAN landmark network",
}
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
    content, metadata = _read(path, "generator")
    if metadata:
        generator = _described_generator(settings_of(GeneratorSettings, metadata, path))
        fill(generator, content, path, looked_at="source_sha256" in metadata)
        average, clamp = content.get("latent_avg"), math.inf
    else:
        generator, average, clamp = build_generator(_entry(content, "generator", path), path)
    warn_if_clipped(generator, clamp, path)
    if average is None:
        generator.measure_latent_avg()
    else:
        generator.latent_avg = average_of(average, generator.num_layers, generator.style_dim, path)[0]
    verify_registered(path, generator)
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
    content, metadata = _read(path, "inverter")
    if metadata:
        settings = settings_of(InverterSettings, metadata, path)
        decoder = _decoder_of_ours(content, settings, path)
        with building(path):
            encoder = described_encoder(metadata, decoder.num_layers)
        fill(encoder, under(content, "encoder."), path, looked_at="source_sha256" in metadata)
        average = average_of(content.get("latent_avg"), decoder.num_layers, decoder.style_dim, path)
        average = average.expand(decoder.num_layers, -1).contiguous()
        if settings.decoder_settings:
            decoder.latent_avg = average[0]
        inverter = Inverter(encoder, decoder, average, settings.radius)
    else:
        inverter = Inverter(*build_inverter(_entry(content, "inverter", path), path))
    verify_registered(path, inverter)
    return _ready(inverter, device)


def load_identity(path_or_name: str | Path, device: str = "cpu") -> IdentityNetwork:
    """An ArcFace IR-SE network.

    Args:
        path_or_name: "synthface", "ffhq", or a checkpoint file in the published layout.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: no such file, or it does not hold an identity network.
    """
    path = find(path_or_name, "identity")
    content, metadata = _read(path, "identity")
    body, state = IR_SE_50, content
    if metadata:
        body = Body(**settings_of(IdentitySettings, metadata, path).body.model_dump())
    else:
        state = state_of(_entry(content, "identity", path))
    with building(path), skip_init():
        network = IdentityNetwork(body)
    fill(network, state if metadata else complete_state(network, state)[0], path, looked_at="source_sha256" in metadata)
    verify_registered(path, network)
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
    content, metadata = _read(path, "landmarks")
    if metadata:
        settings, state = settings_of(LandmarkSettings, metadata, path), content
    else:
        state = state_of(_entry(content, "landmarks", path))
        settings = LandmarkSettings(stacks=stacks_of(state, path), input_size=256)
        if settings.stacks != 4:  # as the published ones have that are in use; the bundled one has one, and 128 px
            warnings.warn(f"{path} does not say the side of its input; it is taken for 256 px.", stacklevel=2)
    with building(path), skip_init():
        network = LandmarkNetwork(settings.stacks, settings.input_size)
    state = state if metadata else complete_state(network.network, state)[0]
    fill(network.network, state, path, looked_at="source_sha256" in metadata)
    verify_registered(path, network)
    return _ready(network, device)


def part_of(path: Path) -> ModelPart:
    """Which network a file holds, recognised by its contents.

    Raises:
        CheckpointError: none that we know.
    """
    content, metadata = read_checkpoint(path)
    if metadata:
        architecture = metadata["architecture"]
        if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
            raise CheckpointError(
                f"{path}: expected one of the architectures {', '.join(ARCHITECTURES)}, found {str(architecture)[:40]}."
            )
        return ARCHITECTURES[architecture]
    found = entries_in(content)
    if not found:
        raise CheckpointError(f"{path}: expected one of the networks {', '.join(PARTS)}, found {summary_of(content)}.")
    return found[0].part


def _read(path: Path, part: ModelPart) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file's content and metadata, if these are not those of another network of ours."""
    content, metadata = read_checkpoint(path)
    if metadata:
        [architecture] = [name for name, its_part in ARCHITECTURES.items() if its_part == part]
        if metadata["architecture"] != architecture:
            found = str(metadata["architecture"])[:40]
            raise CheckpointError(f"{path}: expected architecture {architecture}, found {found}.")
    return content, metadata


def _entry(content: Mapping[str, Any], part: ModelPart, path: Path) -> Entry:
    """The part of a published file that holds a network, or a sentence of what else it holds."""
    found = entry_of(content, part, path)
    if found is None:
        others = ", ".join(dict.fromkeys(f"the {entry.part}'s network in {entry}" for entry in entries_in(content)))
        text = f"{path}: expected {WANTED[part]}, found {others or summary_of(content)}."
        if isinstance(content.get(""), Record):
            published = next(stored for stored in list_models() if stored.part == part and stored.origin)
            text += f' Get {published.path.name} with "weights fetch {published.model}", or give a state of tensors.'
        raise CheckpointError(text)
    return found


def _described_generator(settings: GeneratorSettings) -> Generator:
    """An empty generator as the metadata of a file of ours describe it."""
    channels = {int(size): width for size, width in settings.channels.items()}
    with skip_init():
        return Generator(
            settings.resolution,
            mapping_layers=settings.mapping_layers,
            mapping_lr=settings.mapping_lr,
            channels=channels,
        )


def _decoder_of_ours(content: Mapping[str, Any], settings: InverterSettings, path: Path) -> Generator:
    """The decoder of an inverter of ours: in its own file if that was imported, or the generator beside it."""
    if settings.decoder_settings:
        decoder = _described_generator(settings.decoder_settings)
        fill(decoder, under(content, "decoder."), path, looked_at=True)
        return decoder
    decoder = load_generator(path.parent / settings.decoder_file)
    if decoder.fingerprint != settings.decoder:
        raise CheckpointError(
            f"{path}: trained with generator {settings.decoder}, but {settings.decoder_file} beside it is "
            f"{decoder.fingerprint}. Use the two files of one release."
        )
    return decoder


def _ready(network: Network, device: str) -> Network:
    """In evaluation mode, without gradients, in float32, on its device."""
    return network.eval().requires_grad_(False).float().to(device)
