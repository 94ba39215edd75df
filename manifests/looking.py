"""Looking for a manifest's images on this machine."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path
from urllib.parse import urlsplit

from manifests.image_places import WEB, is_local, why_missing
from manifests.misspelt_columns import misspelt_notes
from manifests.schema import Manifest, read_manifest
from manifests.strengths import strength_notes

HUB = "huggingface.co"


@dataclass(frozen=True)
class ManifestSummary:
    """What a manifest holds.

    Attributes:
        rows: how many.
        motions: how many rows name each motion.
        remote: images at a URI, which were not looked for.
        missing: images that are not on this machine.
        examples: the first few of them, a sentence each.
        notes: what was read in another way than a person may expect, or may not be meant, a sentence each.
        hosts: how many images each host of the network has.
    """

    rows: int
    motions: dict[str, int]
    remote: int
    missing: int
    examples: tuple[str, ...]
    notes: tuple[str, ...]
    hosts: dict[str, int]


def check_manifest(path: Path | str, examples: int = 5, columns: Mapping[str, str] | None = None) -> ManifestSummary:
    """Read a manifest and look for its images on this machine.

    Raises:
        ManifestError: as `read_manifest` does. Missing images are counted, not refused.
    """
    manifest = read_manifest(path, columns)
    images = manifest.images()
    local = [index for index, image in enumerate(images) if is_local(image)]
    missing = [index for index in local if not exists(images[index])]
    named: list[str] = (
        manifest.table["motion"].drop_null().to_pylist() if "motion" in manifest.table.column_names else []
    )
    return ManifestSummary(
        rows=len(manifest),
        motions=dict(sorted(Counter(named).items())),
        remote=len(images) - len(local),
        missing=len(missing),
        examples=tuple(missing_sentence(manifest, index, images[index]) for index in missing[:examples]),
        notes=(*manifest.notes, *strength_notes(manifest), *misspelt_notes(manifest)),
        hosts=hosts_of(images),
    )


def missing_sentence(manifest: Manifest, index: int, place: str) -> str:
    """Which row's image is not here, where it was looked for, and what helps."""
    id_, value = manifest.table["id"][index].as_py(), manifest.table["image"][index].as_py()
    row = manifest.row(index) if len(manifest.parts) > 1 else f"row {index + 1:,}"
    return f'{row} (id "{id_}"): {place} {_join(why_missing(value, place))}'


def exists(place: str) -> bool:
    """Whether there is a file at a path."""
    try:
        return isfile(place)  # noqa: PTH113 (speed)
    except ValueError:  # a NUL
        return False


def hosts_of(images: list[str]) -> dict[str, int]:
    """How many images each host of the network has, the most first; `hf://` is Hugging Face's."""
    found: Counter[str] = Counter()
    for image in images:
        scheme = image.partition("://")[0]
        if scheme in WEB and "://" in image:
            found[HUB if scheme == "hf" else _host(image)] += 1
    return dict(found.most_common())


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or "no host"
    except ValueError:  # brackets that do not close
        return "no host"


def _join(why: str) -> str:
    return why if why.startswith(("is ", "cannot ")) else f"is not there: {why}"
