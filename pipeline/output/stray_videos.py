"""Videos in an output folder that no row of the manifest has any more: rows were renamed, or taken out."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from common.formatting import count
from pipeline.job.checks import Checked
from pipeline.output.event_log import EventLog

EXAMPLES = 3


def report_strays(checked: Checked, events: EventLog, prune: bool) -> None:
    """Report videos that belong to no row any more, and remove them where that was asked for."""
    job = checked.job
    if not (strays := strays_of(checked)):
        return
    if prune:
        remove_strays(strays)
        events.emit("warning", message=f"--prune: removed {len(strays):,} of {job.output / 'videos'}.")
    else:
        events.emit("warning", message=f"videos {describe_strays(strays)}.")


def strays_of(checked: Checked) -> list[Path]:
    """Whole videos in a job's output folder that belong to no row any more, by name."""
    if checked.job.videos:
        return []
    sources = [plan.source for plan in checked.motions.values() if plan.source]
    return find_stray_videos(checked.job.output, checked.rows["id"].to_pylist(), sources)


def find_stray_videos(output: Path, ids: Collection[str], sources: Collection[Path] = ()) -> list[Path]:
    """Whole videos in an output folder whose id the manifest does not have, by name; `sources` are none."""
    known = {f"{id_}.mp4" for id_ in ids}
    spared = {os.path.realpath(source) for source in sources}
    with suppress(OSError):
        found = sorted(path for path in (output / "videos").iterdir() if _is_whole(path) and path.name not in known)
        return [path for path in found if os.path.realpath(path) not in spared]
    return []


def describe_strays(strays: Collection[Path]) -> str:
    """A sentence about such videos; nothing where there are none."""
    if not strays:
        return ""
    names = ", ".join(path.name for path in list(strays)[:EXAMPLES])
    more = ", …" if len(strays) > EXAMPLES else ""
    which = "it" if len(strays) == 1 else "them"
    return f"no longer in the manifest: {count(len(strays), 'video')} ({names}{more}); --prune removes {which}"


def remove_strays(strays: Collection[Path]) -> None:
    """Remove such videos; what they are links to stays.

    Raises:
        OSError: one cannot be removed.
    """
    for path in strays:
        path.unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    return path.suffix == ".mp4" and not path.name.startswith(".") and (path.is_file() or path.is_symlink())
