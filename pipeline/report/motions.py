"""What the report says of a run's motions: their figures, their course over time, and the anchors' image."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import UserError
from common.formatting import clean, count
from pipeline.report.anchor_sheets import losses_path
from pipeline.report.thumbnails import shrink
from stages.motion.attenuation import MOST
from stages.motion.load_micromotion import PUBLISHED_SCALE, load_micromotion
from stages.motion.micromotion import Micromotion

# A larger image is made smaller before it is inlined.
INLINE_BYTES = 1_000_000
INLINE_WIDTH = 1600


@dataclass(frozen=True)
class MotionSection:
    """One motion of a run.

    Attributes:
        name: empty where the run has only one.
        facts: label and value.
        course: how far the motion is at each anchor, 0 at rest, 1 at the extreme; empty where it is not known.
        image, picture_type: the anchors, "png" or "jpeg"; empty where there is no image.
        losses: an SVG of how a text's anchors were led to it; empty where there is none.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    course: tuple[float, ...]
    picture: bytes
    picture_type: str
    losses: bytes = b""


def describe_motions(output: Path, settings: Mapping[str, Any]) -> Iterator[MotionSection]:
    """Every motion in an output folder: `motion.safetensors`, or those in `motions/` where the run has several.

    Args:
        output: the output folder.
        settings: its `job.yaml`, which knows the names of the clips; it may be empty.
    """
    for name, path, picture_path in _files(output, _specs(settings)):
        picture, kind = _picture(picture_path)
        plot = losses_path(picture_path)
        losses = plot.read_bytes() if plot.is_file() and _text(_specs(settings), name) else b""
        try:
            motion = load_micromotion(path)
        except UserError as error:
            yield MotionSection(name, (("Not readable", clean(str(error))),), (), picture, kind)
            continue
        facts = {
            "Source": " ".join(filter(None, (_file_name(_specs(settings), name), _short(motion.source))))
            or "not known",
            "Anchors": _anchors(_specs(settings), name, motion),
            "Left out": f"{len(motion.stray)} outliers" if motion.stray else "none",
            "Extent": _extent(motion),
            "Tones": _tones(motion),
            "Dimensions": f"{len(motion.basis)}",
            "Variation explained": f"{100 * motion.explained:.1f} %",
            "Generator's fingerprint": _short(motion.generator) or "not known",
        }
        yield MotionSection(name, tuple(facts.items()), tuple(motion.progress.tolist()), picture, kind, losses)


def _specs(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job's motions by name."""
    specs = settings.get("motion")
    return specs if isinstance(specs, Mapping) else {}


def _files(output: Path, specs: Mapping[str, Any]) -> Iterator[tuple[str, Path, Path]]:
    """Name, file and anchors' image of each motion; those of an earlier job in the same folder are left out."""
    single = output / "motion.safetensors"
    if len(specs) < 2 and single.is_file():
        yield "", single, output / "anchors.png"
        return
    for path in sorted((output / "motions").glob("*.safetensors")):
        if not specs or path.stem in specs:
            yield path.stem, path, path.with_suffix(".png")


def _file_name(specs: Mapping[str, Any], name: str) -> str:
    """What the job calls the clip or file that a motion comes from, without its folders."""
    source = _spec(specs, name).get("clip") or _spec(specs, name).get("file")
    return clean(Path(str(source)).name) if source else ""


def _spec(specs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What the job says of one motion."""
    spec = specs.get(name) if name else next(iter(specs.values()), None)
    return spec if isinstance(spec, Mapping) else {}


def _text(specs: Mapping[str, Any], name: str) -> str:
    """The prompt that a motion comes from, or nothing."""
    return str(_spec(specs, name).get("text") or "")


def _anchors(specs: Mapping[str, Any], name: str, motion: Micromotion) -> str:
    """How many anchors, and of what."""
    number = f"{len(motion.coefficients)}"
    if _text(specs, name):
        seeds = (_spec(specs, name).get("anchors") or {}).get("seeds") or ()
        return f"{number} degrees, {count(len(seeds), 'identity', 'identities')}"
    return number + (f", {motion.fps:.3g} a second" if motion.fps else "")


def _extent(motion: Micromotion) -> str:
    """How long the motion is."""
    if not motion.generator:  # a published direction, which comes without anchors
        return f"the published direction's, at its scale {PUBLISHED_SCALE:g}"
    if math.isnan(motion.reach):
        return "that of the anchors' codes"
    if motion.reach <= 1 / MOST:
        return f"{MOST:g} times that of the anchors' codes, the limit; the clip's is longer"
    if motion.reach >= MOST:
        return f"that of the anchors' codes divided by {MOST:g}, the limit; the clip's is shorter"
    return f"the clip's; the anchors' codes reach {100 * motion.reach:.0f} % of it"


def _tones(motion: Micromotion) -> str:
    """How far the codes' change of tones is taken over."""
    if math.isnan(motion.tone_share):
        return "as the codes change them"
    return f"{100 * motion.tone_share:.0f} % of the codes' change, as far as the clip confirms it"


def _short(text: str) -> str:
    """A long hash by its beginning, other text as it is."""
    text = clean(text)
    return f"{text[:16]}…" if re.fullmatch(r"(sha256:)?[0-9a-f]{64}", text) else text


def _picture(path: Path) -> tuple[bytes, str]:
    """The anchors' image as it can be inlined."""
    if not path.is_file():
        return b"", ""
    if path.stat().st_size <= INLINE_BYTES:
        return path.read_bytes(), "png"
    return shrink(path, INLINE_WIDTH) or b"", "jpeg"
