"""From a published checkpoint to a file of our own, once: smaller, mapped instead of read, the same values.

A published generator's file also holds its training's other networks; the imported one holds what is used, in float32
as it was, and says what it was made from (`source`, `source_sha256`).
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from common.errors import CheckpointError
from weights.encoder_layouts import encoder_settings
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks, part_of
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IdentityNetwork
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator
from weights.store import imported_path, list_models, sha256
from weights.verify_registered import expect_kind, source_of
from weights.write_checkpoint import save_weights

LOADERS = {
    "generator": load_generator,
    "inverter": load_inverter,
    "identity": load_identity,
    "landmarks": load_landmarks,
}


def import_checkpoint(source: Path, folder: Path) -> Path:
    """Write a checkpoint as a file of ours, under its own name with the ending `.safetensors`.

    Args:
        source: a checkpoint in any layout that can be loaded.
        folder: where the new file goes; it is made if it is missing.

    Returns:
        The new file. Its network has the fingerprint of the published one.

    Raises:
        CheckpointError: the file is no checkpoint, is one of ours already, or the folder cannot be written.
    """
    part = part_of(source)
    target = imported_path(source, folder)
    network, digest = LOADERS[part](source), sha256(source)
    if "architecture" in source_of(source):
        raise CheckpointError(f"{source} is a file of our own already: put it into {folder} as it is.")
    expect_free(target, source, digest)
    for entry in list_models():
        if entry.origin is not None and imported_path(entry.path).resolve() == target.resolve():
            expect_kind(entry, network, source)
            break
    state, settings = to_stored(network)
    metadata = {**settings, "source": source.name, "source_sha256": digest}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(target, state, metadata, half=False)
    except OSError as error:
        raise CheckpointError(f"{target}: cannot be written: {error.strerror or error}.") from error
    return target


def expect_free(target: Path, source: Path, digest: str) -> None:
    """Refuse to replace what was made of another file, and to take a name under which the registry looks.

    Args:
        target: where the imported file would go.
        source: what it would be made of.
        digest: `sha256:…` of that.

    Raises:
        CheckpointError: the place is not free for this source.
    """
    if target.exists() and target.resolve() == source.resolve():
        raise CheckpointError(f"{source} would be replaced by what is made of it. Name another folder by --output.")
    for entry in list_models():
        if entry.origin is None or imported_path(entry.path).resolve() != target.resolve():
            continue
        wanted = f"{target} is where the {entry.part} of {entry.model} is looked for"
        if source.name != entry.path.name:
            raise CheckpointError(f"{wanted}, which is made of {entry.path.name}. Rename {source.name}, and import it.")
        size = source.stat().st_size
        if entry.published_size not in (None, size):
            raise CheckpointError(f"{wanted}: expected {entry.published_size:,} bytes as published, found {size:,}.")
        if entry.published_sha256 not in ("", digest):
            raise CheckpointError(f"{wanted}: expected {entry.published_sha256} as published, found {digest}.")
        break
    if target.exists() and source_of(target).get("source_sha256") != digest:
        made_of = source_of(target).get("source", "another file")
        raise CheckpointError(
            f"{target} is there already, made of {made_of}, and would be replaced. "
            f"Give {source.name} another name, or remove that file."
        )


def to_stored(network: nn.Module) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What a file of ours holds of a network: its tensors, and the metadata from which it is built again."""
    match network:
        case Generator():
            state = {**network.state_dict(), "latent_avg": network.latent_avg}
            return state, {"architecture": "stylegan2", **_generator_settings(network)}
        case Inverter():
            return network.state_dict(), {
                "architecture": "restyle",
                **encoder_settings(network.encoder),
                "decoder_settings": _generator_settings(network.decoder),
            }
        case IdentityNetwork():
            return network.state_dict(), {"architecture": "irse", "body": asdict(network.body_size)}
        case LandmarkNetwork():
            settings = {"stacks": network.stacks, "input_size": network.input_size}
            return network.network.state_dict(), {"architecture": "fan", **settings}
    raise TypeError(f"no layout of our own for {type(network).__name__}")


def _generator_settings(generator: Generator) -> dict[str, Any]:
    return {
        "resolution": generator.resolution,
        "channels": generator.channels,
        "mapping_layers": len(generator.style) - 1,  # the first normalises
        "mapping_lr": generator.mapping_lr,
    }
