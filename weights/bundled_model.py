"""What is known of the bundled model without building its networks, which takes PyTorch and seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

from weights.registry import PARTS, ModelPart
from weights.store import list_models


@dataclass(frozen=True)
class KnownGenerator:
    """A generator's fingerprint, its layers, and the pixels a side of its images."""

    fingerprint: str
    num_layers: int
    resolution: int


def are_bundled(paths: Mapping[ModelPart, Path], hashes: Mapping[str, str]) -> bool:
    """Whether checkpoints are the bundled ones, in their place and unchanged: they are whole then, and go together."""
    bundled = {(stored.part, stored.path, stored.published_sha256) for stored in list_models() if stored.origin is None}
    return all((part, paths[part], hashes[part]) in bundled for part in PARTS)


def bundled_generator(paths: Mapping[ModelPart, Path]) -> KnownGenerator:
    """The bundled generator, as its own file and the inverter that was trained with it describe it."""
    resolution = int(_metadata(paths["generator"])["resolution"])
    layers = 2 * (resolution.bit_length() - 2)  # two for each resolution from 4 pixels on
    return KnownGenerator(_metadata(paths["inverter"])["decoder"], layers, resolution)


def _metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="np") as file:
        return file.metadata()
