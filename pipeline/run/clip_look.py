"""What `plan` says of a clip: its frames, what a few anchors show, and their sheet; recalled for a clip seen before."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from common.redaction import describe_error
from pipeline.job.model import Model
from pipeline.job.motion_plan import MotionPlan
from pipeline.output.redacted_files import write_json
from pipeline.report.anchor_sheets import write_anchors
from stages.media.open_clip import open_clip

MOST_KEPT = 50  # clips whose look is kept


@dataclass(frozen=True)
class ClipReport:
    """Sentences about a clip, and whether a run would warn of it."""

    lines: tuple[str, ...]
    doubtful: bool


def report_clip(plan: MotionPlan, model: Model, iterations: int, folder: Path | None) -> ClipReport:
    """Decode a clip and look at its anchors, or recall what was found in the same clip with the same models.

    Args:
        plan: of a motion that has to be made from a clip.
        model: found and checked. iterations: the inverter's steps.
        folder: where sheets and findings are kept; None keeps none.

    Raises:
        ClipError: it cannot serve.
    """
    assert plan.source is not None, "a motion from a clip has a source"
    name = plan.made_from.removeprefix("sha256:")[:32]
    if folder is not None and (known := _recall(folder / f"{name}.json")):
        return known
    # PyTorch takes two seconds to import: what is recalled does not wait for it.
    from stages.look_at_clip import ANCHORS, look_at_clip
    from stages.models import ModelSettings

    clip = open_clip(plan.source, min(plan.spec.max_anchors, ANCHORS))
    seconds = clip.times[-1] - clip.times[0]
    about = f"{clip.total_frames:,} frames of {clip.width}x{clip.height} in {seconds:.1f} s"
    look = look_at_clip(clip, ModelSettings(model.files, model.detector), iterations)
    seen = look.doubts or (f"{len(look.crops)} anchors examined: one person, one motion, at rest first",)
    lines = ["; ".join((about, *clip.notes)), *(line.removesuffix(".") for line in seen)]
    if folder is None:
        return ClipReport(tuple(lines), bool(look.doubts))
    picture = folder / f"{name}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_anchors(picture, look.crops, look.renderings)
    except OSError as error:
        return ClipReport((*lines, f"no sheet of its anchors: {describe_error(error)}"), bool(look.doubts))
    report = ClipReport((*lines, f"sheet of its anchors: {picture}"), bool(look.doubts))
    with suppress(OSError):
        write_json(folder / f"{name}.json", asdict(report))
        _remove_oldest(folder)
    return report


def _recall(path: Path) -> ClipReport | None:
    """What was found before, where its sheet is there too."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        report = ClipReport(tuple(map(str, known["lines"])), bool(known["doubtful"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return report if path.with_suffix(".png").is_file() else None


def _remove_oldest(folder: Path) -> None:
    """Keep the latest few."""
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in kept[:-MOST_KEPT]:
        path.unlink(missing_ok=True)
        path.with_suffix(".png").unlink(missing_ok=True)
