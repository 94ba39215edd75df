"""How a job differs from the run in its output folder, reported before anything is made again."""

from collections.abc import Iterator, Mapping
from typing import Any

from common.formatting import clean, count
from common.redaction import cut
from pipeline.job.checks import Checked
from pipeline.job.written_job import written_job
from pipeline.output.existing import ExistingResults

# Where and how it runs changes no video, and the manifest is compared row by row.
IGNORED_FIELDS = ("name", "manifest", "output", "cluster", "made_with", "videos")
MOST_SHOWN = 6
LONGEST_VALUE = 60


def find_changes(checked: Checked) -> list[str]:
    """Settings and checkpoints that are others than in the output's `job.yaml`: `video.strength 1.0 -> 0.5`."""
    written = written_job(checked.job.output)
    if not written:
        return []
    before = dict(_flat({name: value for name, value in written.items() if name not in IGNORED_FIELDS}))
    resolved = checked.job.resolved()
    now = dict(_flat({name: value for name, value in resolved.items() if name not in IGNORED_FIELDS}))
    found = [
        f"{name} {_shorten(before.get(name))} -> {_shorten(now.get(name))}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    weights, recorded = written["made_with"]["weights"], written["made_with"]["motions"]
    found += [
        f"another {part} checkpoint" for part, hash_ in checked.model.hashes.items() if weights.get(part) != hash_
    ]
    found += [
        f"the clip of motion {name} holds something else"
        for name, plan in checked.motions.items()
        if not found and name in recorded and recorded[name].get("made_from") != plan.made_from
    ]
    return found


def describe_changes(checked: Checked, existing: ExistingResults) -> str:
    """One sentence on what differs and what is made again over it; empty where no video is."""
    if not existing.again:
        return ""
    found = find_changes(checked)
    if not found and any(plan.ready is None for plan in checked.motions.values()):
        return ""  # a motion that was lost comes out the same when it is made again, and its videos then stay
    shown = ", ".join(found[:MOST_SHOWN]) + (f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else "")
    why = (
        f"differs from the run that {checked.job.output} holds ({shown})"
        if found
        else "gives rows another motion or strength"
    )
    return (
        f"the job {why}: {count(len(existing.again), 'video')} there are made again and replace the old ones. "
        "Keep those by choosing another folder with --output."
    )


def _flat(settings: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as `video.frames`, 60."""
    if isinstance(settings, Mapping) and settings:
        for key, value in settings.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, settings


def _shorten(value: Any) -> str:
    return cut("nothing" if value is None else clean(str(value)), LONGEST_VALUE)
