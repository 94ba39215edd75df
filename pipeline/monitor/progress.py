"""A run's progress, computed from its events alone.

The display of a run, `status` from another machine and the last lines of a run all read the same state, and it is
made by one pure function: `state = advance(state, event)`. The events stand in `pipeline/output/event_log.py`.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from common.errors import Reason
from common.formatting import clean
from pipeline.output.event_log import Event, PhaseState
from stages.base import RowStatus

# The phase whose count is of the manifest's rows.
VIDEOS = "videos"
LAST_FAILURES = 5


class RunState(StrEnum):
    """How a run ended, as far as its events say."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class PhaseProgress:
    """One phase of the run: how many of how many (`None` where nobody knows), in how many seconds, and how it goes."""

    name: str
    state: str = PhaseState.STARTED
    done: int = 0
    total: int | None = None
    started: float = 0.0
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Failure:
    """A row that failed, and why."""

    id: str
    reason: str
    message: str


@dataclass(frozen=True)
class RunProgress:
    """A run after some of its events.

    Attributes:
        videos: the store's URI where they go to one; else they are in `output`.
        rows: in the manifest. done, failed: in this run. kept: stood already, from earlier runs.
        frames: rendered in this run.
        started, last: unix seconds of the first and the latest event; 0.0 before any.
        first_begun: when the first finished video was begun, unix seconds; 0.0 before any. Until then the run prepared:
            workers, networks, motions.
        far_from_motion: when it ended, how many finished videos, also of earlier runs, have a measured motion far from
            the one asked for.
        seconds: the run's length as it said itself when it ended.
        cause: the error that ended it; empty where somebody interrupted it.
        reasons: how many rows failed for each reason.
        failures: the latest few.
    """

    job: str = ""
    output: str = ""
    workers: str = ""
    address: str = ""
    videos: str = ""
    outcome: RunState = RunState.WAITING
    rows: int = 0
    done: int = 0
    kept: int = 0
    failed: int = 0
    frames: int = 0
    far_from_motion: int = 0
    started: float = 0.0
    last: float = 0.0
    first_begun: float = 0.0
    seconds: float = 0.0
    cause: str = ""
    phases: Mapping[str, PhaseProgress] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def work_started(self) -> float:
        """When videos began to be made, unix seconds; 0.0 before.

        Before a first one is finished that is the start of the phase, in which workers load their networks as well.
        """
        return self.first_begun or (self.phases[VIDEOS].started if VIDEOS in self.phases else 0.0)

    @property
    def remaining(self) -> int:
        """Rows of which nothing is known yet."""
        return max(self.rows - self.done - self.failed - self.kept, 0)

    def time_left(self, now: float) -> float | None:
        """Seconds until the last row, at the pace so far.

        None when no row is left, and before the first video: rows that fail are quick, and say nothing of the others.
        """
        made = self.done + self.failed
        if self.outcome != RunState.RUNNING or not self.done or not self.work_started or now <= self.work_started:
            return None
        return self.remaining * (now - self.work_started) / made or None

    @property
    def making_seconds(self) -> float:
        """Seconds from the beginning of the first video to the last row's end."""
        work = self.phases.get(VIDEOS)
        end = work.started + work.seconds if work else self.last
        return max(end - self.first_begun, 0.0)

    def working_seconds(self, now: float) -> float:
        """How long videos have been made, in seconds; 0.0 before the first is begun."""
        return max(now - self.work_started, 0.0) if self.work_started else 0.0


def advance(progress: RunProgress, event: Event) -> RunProgress:
    """The state after one more event. Unknown kinds and missing fields do no harm: a log may be of another version."""
    at = float(event.get("time") or progress.last)
    progress = replace(progress, last=at, started=progress.started or at)
    match event.get("event"):
        case "run_started":  # a log holds every run into its folder: the latest one counts
            return RunProgress(
                job=str(event.get("job") or ""),
                output=str(event.get("output") or ""),
                workers=str(event.get("workers") or ""),
                address=str(event.get("address") or ""),
                videos=str(event.get("videos") or ""),
                outcome=RunState.RUNNING,
                rows=_whole(event, "rows"),
                kept=_whole(event, "kept"),
                started=at,
                last=at,
            )
        case "workers":
            return replace(progress, workers=str(event.get("workers") or ""))
        case "phase":
            return _with_phase(progress, event, at)
        case "row":
            return _with_row(progress, event)
        case "warning":
            return replace(progress, warnings=(*progress.warnings, clean(str(event.get("message") or ""))))
        case "run_finished":
            return _finish(progress, event, RunState.FINISHED)
        case "run_interrupted":
            return _finish(progress, event, RunState.INTERRUPTED)
        case _:
            return progress


def replay(events: Iterable[Event]) -> RunProgress:
    """The state after all of them."""
    progress = RunProgress()
    for event in events:
        with suppress(TypeError, ValueError, OverflowError):  # what others wrote into the log
            progress = advance(progress, event)
    return progress


def _with_phase(progress: RunProgress, event: Event, at: float) -> RunProgress:
    name = str(event.get("phase") or "")
    # How long a phase has taken is counted from its own beginning; one that was not seen beginning says it itself.
    known = progress.phases.get(name, PhaseProgress(name, started=at - float(event.get("seconds") or 0.0)))
    total = event.get("total")
    phase = PhaseProgress(
        name=name,
        state=str(event.get("state") or known.state),
        done=_whole(event, "done", known.done),
        total=known.total if total is None else int(total),
        started=known.started,
        seconds=max(at - known.started, 0.0),
        detail=clean(str(event.get("detail") or known.detail)),
    )
    # Rows that stood already say nothing by themselves: of them only the phase's count knows. They are looked at last,
    # so that until then what the run announced is the best guess.
    kept = max(phase.done - progress.done - progress.failed, progress.kept) if name == VIDEOS else progress.kept
    return replace(progress, phases={**progress.phases, name: phase}, kept=kept)


def _with_row(progress: RunProgress, event: Event) -> RunProgress:
    if event.get("status") == RowStatus.FAILED:
        reason = str(event.get("reason") or Reason.INTERNAL_ERROR)
        failure = Failure(clean(str(event.get("id"))), clean(reason), clean(str(event.get("message") or "")))
        return replace(
            progress,
            failed=progress.failed + 1,
            reasons={**progress.reasons, reason: progress.reasons.get(reason, 0) + 1},
            failures=(*progress.failures, failure)[-LAST_FAILURES:],
        )
    if event.get("status") == RowStatus.DONE:
        begun = progress.last - float(event.get("seconds") or 0.0)
        return replace(
            progress,
            done=progress.done + 1,
            frames=progress.frames + _whole(event, "frames"),
            first_begun=min(progress.first_begun or begun, begun),
        )
    return progress


def _finish(progress: RunProgress, event: Event, outcome: RunState) -> RunProgress:
    """Prefer the run's own totals to what was counted: they come from the ledger."""
    return replace(
        progress,
        outcome=outcome,
        done=_whole(event, "done", progress.done),
        kept=_whole(event, "kept", progress.kept),
        failed=_whole(event, "failed", progress.failed),
        frames=_whole(event, "frames", progress.frames),
        far_from_motion=_whole(event, "far_from_motion"),
        seconds=float(event.get("seconds") or progress.last - progress.started),
        cause=clean(str(event.get("cause") or "")),
    )


def _whole(event: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    value = event.get(name)
    return otherwise if value is None else int(value)
