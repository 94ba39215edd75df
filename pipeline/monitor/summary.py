"""A run's state for a person: one line while it works, a few when it has ended."""

from collections.abc import Mapping

from common.formatting import clean, count, duration, pace
from pipeline.monitor.progress import RunProgress, RunState


def headline(progress: RunProgress, now: float) -> str:
    """`40 done, 2 failed, 10 kept, 48 to go; 52.1 frames a second; about 50 s left`."""
    parts = [f"{progress.done:,} done", f"{progress.failed:,} failed"]
    if progress.kept:
        parts.append(f"{progress.kept:,} kept")
    if progress.outcome != RunState.FINISHED:
        parts.append(f"{progress.remaining:,} to go")
    line = ", ".join(parts)
    if progress.frames:
        line += f"; {pace(progress.frames, progress.working_seconds(now), 'frame')}"
    left = progress.time_left(now)
    return line if left is None else f"{line}; about {duration(left)} left"


def by_reason(reasons: Mapping[str, int]) -> str:
    """`3 no_face, 1 unreadable_image`, the most frequent first."""
    return ", ".join(
        f"{number:,} {name}" for name, number in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    )


def far_from_motion(progress: RunProgress) -> list[str]:
    """`the motion measured in 2 videos is far from the one asked for: look at them in the report`; or nothing."""
    match progress.far_from_motion:
        case 0:
            return []
        case 1:
            return ["the motion measured in 1 video is far from the one asked for: look at it in the report"]
        case far:
            return [f"the motion measured in {far:,} videos is far from the one asked for: look at them in the report"]


def summary(progress: RunProgress) -> list[str]:
    """The last lines of a run: what was made and where, how fast, what failed, and how to see it."""
    seconds = progress.seconds
    made = f"{count(progress.done, 'video')} made"
    if progress.kept:
        made += f", {count(progress.kept, 'video')} kept from before"
    lines = [f"{made}, in {clean(progress.videos) or f'{clean(progress.output)}/videos'}"]
    if progress.done and progress.first_begun:
        making = min(progress.making_seconds, seconds)
        videos, frames = pace(progress.done, making, "video"), pace(progress.frames, making, "frame")
        lines.append(f"{duration(seconds)} in all: preparation {duration(seconds - making)}, videos {duration(making)}")
        lines.append(f"pace of the videos: {videos}; {count(progress.frames, 'frame')}, {frames}")
    if progress.failed:
        lines.append(f"{count(progress.failed, 'row')} failed: {by_reason(progress.reasons)}")
    lines += far_from_motion(progress)
    if progress.outcome == RunState.INTERRUPTED:
        lines.append(f"interrupted with {count(progress.remaining, 'row')} to go")
    return lines
