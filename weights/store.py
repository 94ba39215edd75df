"""Finding checkpoints: a bundled file, a file in the weights folder, or a path that the user gave."""

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from stages.errors import CheckpointError

Part = Literal["generator", "inverter", "identity", "landmarks"]
PARTS: tuple[Part, ...] = get_args(Part)
ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Stored:
    """One part of one model of the registry.

    Attributes:
        model, part: its names, e.g. "ffhq" and "inverter".
        path: where the file is, or would have to be.
        licence: what its use is bound to.
        source: where its publisher offers it; empty for a bundled file.
    """

    model: str
    part: Part
    path: Path
    licence: str
    source: str

    @property
    def present(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()

    @property
    def size(self) -> int:
        """Its bytes, 0 while it is missing."""
        return self.path.stat().st_size if self.present else 0


def weights_folder() -> Path:
    """Where files that we may not ship are looked for: $MICROMOTION_WEIGHTS, or the platform's cache folder."""
    if chosen := os.environ.get("MICROMOTION_WEIGHTS"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "micromotion"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micromotion"


@cache
def _registry() -> dict[str, Any]:
    with (ROOM / "registry.yaml").open() as file:
        return yaml.safe_load(file)


def list_models() -> Iterator[Stored]:
    """Every part of every model in the registry, whether its file is here or not."""
    for model, entry in _registry().items():
        for part in PARTS:
            described = entry["parts"][part]
            bundled = described["file"].startswith("bundled/")
            path = (ROOM if bundled else weights_folder()) / described["file"]
            yield Stored(model, part, path, entry["licence"], described.get("source", ""))


def find(path_or_name: str | Path, part: Part) -> Path:
    """The file of a model's part.

    Args:
        path_or_name: a name of the registry, or a checkpoint file.
        part: which of the model's networks is wanted.

    Raises:
        CheckpointError: there is no such name or file; for a known name, with where to get what is missing.
    """
    stored = {entry.model: entry for entry in list_models() if entry.part == part}
    entry = stored.get(str(path_or_name))
    if entry is None:
        path = Path(path_or_name).expanduser()
        if path.is_file():
            return path
        raise CheckpointError(
            f'{part} "{path_or_name}": neither a file nor a known model ({", ".join(stored)}). '
            "Give a checkpoint's path, or one of these names."
        )
    if not entry.present:
        way = f"Get it from {entry.source} and put it there." if entry.source else "Check out the repository again."
        raise CheckpointError(f'{part} of "{entry.model}": {entry.path} is missing. {way}')
    return entry.path


def sha256(path: Path) -> str:
    """`sha256:…` of a file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
