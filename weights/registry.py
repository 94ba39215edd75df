"""Read and check the registry of models, `registry.yaml`: a wrong entry is refused before anything is fetched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from common.errors import CheckpointError

ModelPart = Literal["generator", "inverter", "identity", "landmarks"]
PARTS: tuple[ModelPart, ...] = get_args(ModelPart)
Permits = Literal["any use", "non-commercial", "unstated"]
Kind = Literal["url", "drive", "hub"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ROOM = Path(__file__).parent
HUB = "https://huggingface.co"

REQUIRED = ("file", "licence", "permits", "citation")
OPTIONAL = (*KINDS, "size", "sha256", "holds")
# What an entry may say of the network in its file, by `weights.verify_registered.facts_of`'s names.
FACTS = ("resolution", "mapping_layers", "encoder", "offsets", "inputs", "units", "stacks", "input_size")


@dataclass(frozen=True)
class Source:
    """Where a publisher offers a file.

    Attributes:
        kind: what the address is.
        address: a URL, the id of a Google Drive file, or `owner/name/path/in/it[@revision]` on the Hugging Face hub.
    """

    kind: Kind
    address: str

    @property
    def url(self) -> str:
        """What a browser opens to get the file."""
        if self.kind == "drive":
            return f"https://drive.google.com/file/d/{self.address}/view"
        if self.kind == "hub":
            where, _, revision = self.address.partition("@")
            owner, name, file = where.split("/", 2)
            return f"{HUB}/{owner}/{name}/resolve/{revision or 'main'}/{file}"
        return self.address

    def __str__(self) -> str:
        return f"Google Drive file {self.address} ({self.url})" if self.kind == "drive" else self.url


@dataclass(frozen=True)
class PartEntry:
    """One part of a model as the registry describes it.

    Attributes:
        file: a name in the weights folder, or `bundled/…` beside the registry.
        source: where it is offered; None for a bundled file.
        size: published bytes, or None.
        sha256: published hash as `sha256:…`, or empty.
        holds: what the file's network has to be, fact by fact (`FACTS`); empty if nothing is said.
        licence, permits: what its use is bound to.
        citation: the paper behind it.
    """

    file: str
    source: Source | None
    size: int | None
    sha256: str
    licence: str
    permits: Permits
    citation: str
    holds: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bundled(self) -> bool:
        """Whether the file comes with the repository."""
        return self.file.startswith("bundled/")


@dataclass(frozen=True)
class ModelEntry:
    """A model of the registry: a name, a line about it, at least one part, and the CLIP that knows its images.

    Attributes:
        clip: a folder `bundled/…` beside the registry, or a model of the hub; empty where there is none.
    """

    name: str
    about: str
    parts: Mapping[ModelPart, PartEntry]
    clip: str = ""


@cache
def registered_models() -> tuple[ModelEntry, ...]:
    """What `registry.yaml` lists, in its order."""
    return read_registry((ROOM / "registry.yaml").read_text(encoding="utf-8"))


def read_registry(text: str) -> tuple[ModelEntry, ...]:
    """The models that a registry's text describes.

    Raises:
        CheckpointError: an entry cannot be used; the sentence names it.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong("", f"not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(data, dict) or not data:
        raise _wrong("", f"expected models by name, found {type(data).__name__}")
    models = tuple(_model(str(name), entry) for name, entry in data.items())
    described: dict[str, PartEntry] = {}
    for model in models:
        for part, entry in model.parts.items():
            # One file in one folder can have one content only.
            if described.setdefault(entry.file, entry) != entry:
                raise _wrong(f"{model.name} {part}", f"{entry.file} is described in another way before")
    return models


def _model(name: str, entry: Any) -> ModelEntry:
    if not isinstance(entry, dict) or entry.keys() - {"clip"} != {"about", "parts"}:
        raise _wrong(name, "expected `about` and `parts`, and perhaps `clip`")
    clip = entry.get("clip", "")
    if clip and not (isinstance(clip, str) and re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", clip)):
        raise _wrong(name, f"clip: expected bundled/… or a model of the hub, found {clip!r}")
    parts = entry["parts"]
    if not isinstance(parts, dict) or not parts or not parts.keys() <= set(PARTS):
        raise _wrong(name, f"expected some of the parts {', '.join(PARTS)}")
    known = {part: _part(f"{name} {part}", parts[part]) for part in PARTS if part in parts}
    return ModelEntry(name, str(entry["about"]), known, clip)


def _part(where: str, entry: Any) -> PartEntry:
    if not isinstance(entry, dict):
        raise _wrong(where, f"expected fields, found {type(entry).__name__}")
    if unknown := sorted(str(key) for key in entry.keys() - {*REQUIRED, *OPTIONAL}):
        raise _wrong(where, f"unknown {', '.join(unknown)}")
    for key, value in entry.items():
        if key not in ("size", "holds") and not (isinstance(value, str) and value):
            raise _wrong(where, f"{key}: expected text, found {value!r}")
    if missing := [key for key in REQUIRED if key not in entry]:
        raise _wrong(where, f"missing {', '.join(missing)}")
    if entry["permits"] not in get_args(Permits):
        raise _wrong(where, f'permits: expected one of {", ".join(get_args(Permits))}, found "{entry["permits"]}"')
    file, size, sha256 = entry["file"], entry.get("size"), entry.get("sha256", "")
    if not re.fullmatch(r"(bundled/)?[\w-][\w.-]*", file):
        raise _wrong(where, f'file: expected a plain name, found "{file}"')
    if size is not None and not (type(size) is int and size > 0):
        raise _wrong(where, f"size: expected a number of bytes, found {size!r}")
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise _wrong(where, f'sha256: expected 64 hexadecimal digits, found "{sha256}"')
    holds = entry.get("holds", {})
    if not isinstance(holds, dict) or not holds.keys() <= set(FACTS):
        raise _wrong(where, f"holds: expected some of {', '.join(FACTS)}, found {holds!r}")
    return PartEntry(
        file=file,
        source=_source(where, entry, bundled=file.startswith("bundled/")),
        size=size,
        sha256=f"sha256:{sha256}" if sha256 else "",
        licence=entry["licence"],
        permits=entry["permits"],
        citation=entry["citation"],
        holds=holds,
    )


ADDRESSES: dict[Kind, str] = {
    "url": r"https://[^\s/]+/\S+",
    "drive": r"[\w-]{20,}",
    "hub": r"[\w.-]+/[\w.-]+/[\w./-]+(@[\w.-]+)?",
}


def _source(where: str, entry: Mapping[str, Any], bundled: bool) -> Source | None:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != (0 if bundled else 1):
        wanted = "no source, for it is bundled" if bundled else f"one of {', '.join(KINDS)}"
        raise _wrong(where, f"expected {wanted}, found {', '.join(kinds) or 'none'}")
    if bundled:
        return None
    address = entry[kinds[0]]
    if not re.fullmatch(ADDRESSES[kinds[0]], address):
        raise _wrong(where, f'{kinds[0]}: cannot be read: "{address}"')
    return Source(kinds[0], address)


def _wrong(where: str, problem: str) -> CheckpointError:
    return CheckpointError(f"registry.yaml{', ' if where else ''}{where}: {problem}.")
