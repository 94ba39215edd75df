"""Hold a file of the registry to what is said of it there: its kind of network, its source and its hash."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn

from common.errors import CheckpointError
from weights.hashes import verify_hash
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IdentityNetwork
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator
from weights.store import Stored, imported_path, list_models


def verify_registered(path: Path, network: nn.Module | None = None) -> None:
    """Hold a checkpoint that was loaded to its kind and hash, if it is the registry's; the user's own files may change.

    Args:
        path: any checkpoint. A published file of the weights folder, and what was imported from one, are held.
        network: what was loaded from it.

    Raises:
        CheckpointError: it holds another network than the registry says, or its hash differs. Then nothing is recorded.
    """
    place = path.absolute()
    for stored in list_models():
        if stored.origin is None or place not in (stored.path.absolute(), imported_path(stored.path).absolute()):
            continue
        if network is not None:
            expect_kind(stored, network, path)
        imported = place != stored.path.absolute()
        if imported and stored.published_sha256:
            expect_source(stored, path)
        verify_hash(path, "" if imported else stored.published_sha256)
        return


def facts_of(network: nn.Module) -> dict[str, Any]:
    """What distinguishes a network from others of its part, by the names of the registry's `holds`."""
    match network:
        case Generator():
            return {"resolution": network.resolution, "mapping_layers": len(network.style) - 1}
        case Inverter(encoder=encoder):
            kind = {"encoder": type(encoder).__name__, "offsets": encoder.offsets, "inputs": encoder.inputs}
            units = list(encoder.body_size.units)
            return {"resolution": network.decoder.resolution, "units": units, **kind}
        case IdentityNetwork():
            return {"units": list(network.body_size.units)}
        case LandmarkNetwork():
            return {"stacks": network.stacks, "input_size": network.input_size}
    return {}


def expect_kind(stored: Stored, network: nn.Module, path: Path) -> None:
    """Refuse a file that holds another network than the registry says of its name.

    Raises:
        CheckpointError: it does.
    """
    facts = facts_of(network)
    for name, expected in stored.holds.items():
        if facts.get(name) != expected:
            raise CheckpointError(
                f"{path}: it is looked for as the {stored.part} of {stored.model}: expected {name} {expected}, found "
                f"{facts.get(name)}. Give your own file another name, and get the published one again."
            )


def expect_source(stored: Stored, path: Path) -> None:
    """Refuse an imported file that was made of another file than the published one.

    Raises:
        CheckpointError: it was.
    """
    found = source_of(path).get("source_sha256", "nothing that it names")
    if found != stored.published_sha256:
        raise CheckpointError(
            f"{path}: expected a file made of {stored.path.name} ({stored.published_sha256}), found one made of "
            f"{found}. Remove it, and import the published file."
        )


def source_of(path: Path) -> dict[str, str]:
    """What a file of ours says of its source: its metadata as text; nothing of any other file."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}
