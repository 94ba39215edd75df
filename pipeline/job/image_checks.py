"""A look at a manifest's images before work begins: are they where it says, and can the reader open them?

Of many only an even sample is looked at: on a share, looking at a million files takes longer than a person waits.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import JobError, ManifestError, Reason, RowError
from common.formatting import count
from common.redaction import one_line
from manifests.image_places import is_local
from manifests.looking import exists, hosts_of, missing_sentence
from manifests.schema import Manifest
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch

LOOKED_FOR, OPENED = 10_000, 24
OPEN_SECONDS, FETCH_SECONDS = 60.0, 20.0
EXAMPLES = 5
# Folders beside and below a manifest's own in which images are looked for that are not where it says.
MOST_BASES = 100


@dataclass(frozen=True)
class ImageChecks:
    """What a look found: sentences for a person, how many of the rows looked at will fail, and their share of all."""

    lines: tuple[str, ...]
    failing: int
    share: float = 0.0


def check_network(manifest: Manifest, images: Sequence[str], allowed: bool) -> dict[str, int]:
    """How many images each host of the network has.

    Raises:
        JobError: some are there, and the job does not allow the network.
    """
    hosts = hosts_of(list(images))
    if hosts and not allowed:
        shown = ", ".join(f"{host} ({number:,})" for host, number in list(hosts.items())[:5])
        row = next(at for at, image in enumerate(images) if hosts_of([image]))
        raise JobError(
            f"{manifest.row(row)}: {count(sum(hosts.values()), 'image')} would come from "
            f"{count(len(hosts), 'host')} of the network: {shown}. Put network: true into the job to allow that."
        )
    return hosts


def check_images(manifest: Manifest, images: Sequence[str]) -> ImageChecks:
    """Look for the images and open some, as `check_there` and `check_opens` do; the rows fail for either alike.

    Raises:
        ManifestError: more than half of them are not there or cannot be opened.
    """
    missing, opened = check_there(manifest, images), check_opens(manifest, images)
    found = ImageChecks(
        (*missing.lines, *opened.lines),
        missing.failing + opened.failing,
        missing.share + (1 - missing.share) * opened.share,
    )
    if found.share > 0.5:
        raise ManifestError(
            f"{manifest.path}: more than half of the images are missing ({missing.failing:,}) or not readable "
            f"({opened.failing:,}), so a run is of no use. {missing.lines[1].strip()}. Mend the files or their paths."
        )
    return found


def check_there(manifest: Manifest, images: Sequence[str]) -> ImageChecks:
    """Look for the images on this machine.

    Raises:
        ManifestError: more than half of them are not there.
    """
    local = [at for at, image in enumerate(images) if is_local(image)]
    looked = _spread(local, LOOKED_FOR)
    missing = [at for at in looked if not exists(images[at])]
    if not missing:
        return ImageChecks((), 0)
    examples = [missing_sentence(manifest, at, images[at]) for at in missing[:EXAMPLES]]
    if 2 * len(missing) > len(looked):
        base = _base_of(manifest, missing[0])
        elsewhere = _elsewhere(manifest, missing, base)
        mend = f"They are there from {elsewhere}: write them from {base}, or move the manifest" if elsewhere else ""
        mend = mend or "Paths are relative to the manifest's folder: fix them, or move the manifest"
        raise ManifestError(
            f"{manifest.path}: {len(missing):,} of {len(looked):,} images are not there; relative "
            f"paths were looked for from {base}. {examples[0]}. {mend}."
        )
    of = f"{len(looked):,} images" if len(looked) == len(local) else f"a sample of {len(looked):,} images"
    fate = "its row" if len(missing) == 1 else "their rows"
    said = f"images: {len(missing):,} of {of} missing; {fate} will fail as {Reason.UNREADABLE_IMAGE}:"
    lines = [said, *(f"  {example}" for example in examples)]
    share = len(missing) / len(looked) * len(local) / len(images)
    return ImageChecks((*lines, *_describe_rest(len(missing))), len(missing), share)


def check_opens(manifest: Manifest, images: Sequence[str]) -> ImageChecks:
    """Open images as a worker would: all where they are few, else an even sample, for a minute at most.

    Raises:
        ManifestError: more than half of them cannot be opened.
    """
    started, failures, looked = time.monotonic(), [], 0
    present = [at for at, image in enumerate(images) if not is_local(image) or exists(image)]
    for at in _spread(present, OPENED):
        if time.monotonic() - started > OPEN_SECONDS:
            break
        looked += 1
        try:
            decode_image(fetch(images[at], FETCH_SECONDS), images[at])
        except RowError as error:
            failures.append(f"{manifest.row(at)}: {one_line(str(error))}")
    if not looked:
        return ImageChecks((), 0)
    of = f"all {looked:,}" if looked == len(images) else f"a sample of {looked:,}"
    of = f"the other {looked:,}" if looked == len(present) < len(images) else of
    if not failures:
        return ImageChecks((f"images: {of} opened, all readable",), 0)
    # Of many, one that is slow says nothing of the others.
    representative = looked > 1 or len(present) == 1
    if 2 * len(failures) > looked and representative:
        raise ManifestError(
            f"{manifest.path}: {len(failures):,} of the {count(looked, 'image')} opened cannot be read. {failures[0]}"
        )
    fate = "its row" if len(failures) == 1 else "their rows"
    said = f"images: {of} opened, {len(failures)} not readable; {fate} will fail as {Reason.UNREADABLE_IMAGE}:"
    lines = [said, *(f"  {one}" for one in failures[:EXAMPLES])]
    return ImageChecks((*lines, *_describe_rest(len(failures))), len(failures), representative * len(failures) / looked)


def _describe_rest(number: int) -> list[str]:
    return [f"  and {number - EXAMPLES:,} more"] if number > EXAMPLES else []


def _spread(indices: Sequence[int], most: int) -> list[int]:
    """At most so many of some indices, evenly spread."""
    if len(indices) <= most:
        return list(indices)
    return [indices[at] for at in np.linspace(0, len(indices) - 1, most).round().astype(int)]


def _base_of(manifest: Manifest, index: int) -> str:
    """The folder from which a row's image is meant."""
    for part in manifest.parts:
        if index < part.rows:
            return part.base
        index -= part.rows
    raise IndexError(index)


def _elsewhere(manifest: Manifest, missing: Sequence[int], base: str) -> str:
    """A folder from which the images' paths lead to files, or nothing."""
    values = [str(manifest.table["image"][at].as_py()) for at in missing[:EXAMPLES]]
    values = [value for value in values if is_local(value) and not Path(value).is_absolute()]
    folder = Path(base)
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir())[:MOST_BASES] if folder.is_dir() else []
    except OSError:
        below = []
    for candidate in (Path.cwd(), folder.parent, folder.parent.parent, *below):
        if values and all(exists(str(candidate / value)) for value in values):
            return str(candidate)
    return ""
