"""Finding checkpoints: a bundled file, a file in the weights folder, or a path that the user gave."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.errors import CheckpointError
from common.formatting import quotes_hint
from weights.registry import ROOM, ModelPart, Permits, Source, registered_models

# Bundled beside the models, and no part of them: one of each serves all.
FACE_CHECK = ROOM / "bundled" / "face_check.safetensors"
EYE_OUTLINES = ROOM / "bundled" / "eye_outlines.safetensors"


@dataclass(frozen=True)
class Stored:
    """One part of one model of the registry, and its place on this machine.

    Attributes:
        model, part: its names, e.g. "ffhq" and "inverter".
        path: where the published file is, or would have to be.
        licence: what its use is bound to.
        source: where its publisher offers it, for a person; empty for a bundled file.
        origin: the same for `weights.download`; None for a bundled file.
        published_size: bytes, where they are known.
        published_sha256: `sha256:…`, where it is known; else empty.
        permits: in a word or two, what the licence permits.
        citation: the paper behind it.
        holds: what the file's network has to be, as the registry says it.
    """

    model: str
    part: ModelPart
    path: Path
    licence: str
    source: str
    origin: Source | None = None
    published_size: int | None = None
    published_sha256: str = ""
    permits: Permits = "unstated"
    citation: str = ""
    holds: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> Path:
        """The file that is loaded: what was imported from the published one, where that is there."""
        imported = imported_path(self.path)
        return imported if imported.is_file() else self.path

    @property
    def present(self) -> bool:
        """Whether there is a file to load."""
        return self.usable.is_file()

    @property
    def size(self) -> int:
        """Its bytes, 0 while it is missing."""
        return self.usable.stat().st_size if self.present else 0

    @property
    def by_hand(self) -> str:
        """One sentence: how to get the file without us."""
        if self.origin is None:
            return "Check out the repository again."
        return f"By hand: get {self.source}, and put it into {self.path.parent} as {self.path.name}."


def weights_folder() -> Path:
    """Where files that we may not ship are looked for: $MICROMOTION_WEIGHTS, or the platform's cache folder.

    Asked anew each time and on each machine: nodes of a cluster may keep it in different places.
    """
    if chosen := os.environ.get("MICROMOTION_WEIGHTS"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "micromotion"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micromotion"


def imported_path(published: Path, folder: Path | None = None) -> Path:
    """Where `weights import` puts what it makes of a published file: `model.pth.tar` becomes `model.safetensors`.

    Args:
        published: the file.
        folder: the new file's; the published one's by default.
    """
    name = published.name.removesuffix(".tar")
    for ending in (".pt", ".pth", ".pkl", ".zip", ".safetensors"):
        name = name.removesuffix(ending)
    return (folder or published.parent) / f"{name}.safetensors"


def list_models() -> Iterator[Stored]:
    """Every part of every model in the registry, whether its file is here or not."""
    for model in registered_models():
        for part, entry in model.parts.items():
            yield Stored(
                model=model.name,
                part=part,
                path=(ROOM if entry.bundled else weights_folder()) / entry.file,
                licence=entry.licence,
                source=str(entry.source or ""),
                origin=entry.source,
                published_size=entry.size,
                published_sha256=entry.sha256,
                permits=entry.permits,
                citation=entry.citation,
                holds=entry.holds,
            )


def models_named(name: str | None) -> list[Stored]:
    """The parts of one model, or of all.

    Raises:
        CheckpointError: no model has that name.
    """
    known = list(list_models())
    chosen = [stored for stored in known if name in (None, stored.model)]
    if not chosen:
        names = ", ".join(dict.fromkeys(stored.model for stored in known))
        raise CheckpointError(f'"{name}" is not a model; known are {names}.')
    return chosen


def find(path_or_name: str | Path, part: ModelPart) -> Path:
    """The file of a model's part.

    Args:
        path_or_name: a name of the registry, or a checkpoint file.
        part: which of the model's networks is wanted.

    Raises:
        CheckpointError: there is no such name or file; for a known name, with where to get what is missing.
    """
    known = {(entry.model, entry.part): entry for entry in list_models()}
    entry = known.get((str(path_or_name), part))
    if entry is None:
        path = Path(path_or_name).expanduser()
        if os.path.isfile(path):  # noqa: PTH113 (Path's own raises over long names)
            return path
        having = ", ".join(model for model, its_part in known if its_part == part)
        if any(model == str(path_or_name) for model, _ in known):
            raise CheckpointError(
                f'"{path_or_name}" has no {part}. Name the parts one by one, this one as a file or one of {having}.'
            )
        raise CheckpointError(
            f'{part} "{path_or_name}": neither a file nor a known model ({having}). '
            f"Give a checkpoint's path, or one of these names.{quotes_hint(str(path_or_name))}"
        )
    if not entry.present:
        fetched = f'Get it with "weights fetch {entry.model}". ' if entry.origin else ""
        raise CheckpointError(f'{part} of "{entry.model}": {entry.path} is missing. {fetched}{entry.by_hand}')
    return entry.usable


def sha256(path: Path) -> str:
    """`sha256:…` of a file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
