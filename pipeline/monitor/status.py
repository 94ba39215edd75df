"""A run's status, read from its output folder alone: from any terminal or machine that sees the folder.

The log says what happened, the lock who works on the folder, the ledger which videos stand whatever happened.
"""

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from common.errors import OutputError
from common.formatting import clean, count, duration
from common.storage import is_uri
from pipeline.monitor.progress import RunProgress, RunState, replay
from pipeline.monitor.summary import by_reason, far_from_motion, headline
from pipeline.output import workers_file
from pipeline.output.event_log import PhaseState, read_events
from pipeline.output.ledger import Ledger
from pipeline.output.lock import holder_lives

# A run says something every few seconds. Loading large networks from a slow disk is the longest it may be busy.
SILENT_SECONDS = 90.0
# Workers are listed one by one up to so many; of more, those that have been at one thing for longest.
MOST_WORKERS = 12
# What a worker is called, by the stage that it runs.
WORKERS = {"AlignFaces": "detection worker", "AnimateFaces": "render worker"}


class Condition(StrEnum):
    """A run's condition, from its events and, while they report no end, from its lock and its silence."""

    RUNNING = "running"
    SILENT = "silent"  # it has not ended, but nothing has come from it for a while
    DEAD = "dead"  # its process is gone
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class WorkerSeen:
    """A worker, as the run last heard of it.

    Attributes:
        stage: `AlignFaces` or `AnimateFaces`. node, process: where it runs.
        rows: ids in hand.
        since: seconds for which it has had them.
        silence: seconds since its last sign of life.
    """

    stage: str
    node: str
    process: int
    rows: tuple[str, ...]
    since: float
    silence: float


@dataclass(frozen=True)
class Status:
    """A run's state at one moment.

    Attributes:
        output: its folder.
        progress: after all events of the latest run.
        condition: as `Condition` has it.
        silence: seconds since its last sign of life.
        standing: videos that are there whole, from this run and earlier ones.
        now: unix seconds of the moment.
        workers: while it runs, what each is at.
    """

    output: Path
    progress: RunProgress
    condition: Condition
    silence: float
    standing: int
    now: float
    workers: tuple[WorkerSeen, ...] = ()

    @property
    def in_flight(self) -> tuple[str, ...]:
        """Rows that workers have in hand."""
        return tuple(row for worker in self.workers for row in worker.rows)


def read_status(output: Path, now: float | None = None) -> Status:
    """Read the status of the run in a folder; nothing in the folder is changed.

    Args:
        output: the output folder of a run.
        now: unix seconds, for a moment other than this one.

    Raises:
        OutputError: no run has worked there.
    """
    log = output / "log.jsonl"
    try:
        events = read_events(log)
    except OSError as error:
        raise OutputError(f"{output} has no log.jsonl that can be read: give the output folder of a run.") from error
    progress = replay(events)
    if progress.outcome == RunState.WAITING:
        raise OutputError(f"{log} records no run: give the output folder of a run.")
    now = time.time() if now is None else now
    silence = max(now - progress.last, 0.0)
    condition = _condition(output, progress, silence)
    workers = _workers(output, progress.started, now) if condition in (Condition.RUNNING, Condition.SILENT) else ()
    return Status(output, progress, condition, silence, _describe_state(output), now, workers)


def describe(status: Status) -> list[str]:
    """The status as lines for a person."""
    progress = status.progress
    ended = status.condition in (Condition.FINISHED, Condition.INTERRUPTED)
    since = duration(progress.seconds if ended else status.now - progress.started)
    stopped = "stopped by an error" if progress.cause else "interrupted"
    condition = {
        Condition.RUNNING: f"running for {since}",
        Condition.SILENT: f"silent: no sign of life for {duration(status.silence)}",
        Condition.DEAD: f"died: its process is gone, last event {duration(status.silence)} ago",
        Condition.FINISHED: f"finished {duration(status.silence)} ago, after {since}",
        Condition.INTERRUPTED: f"{stopped} {duration(status.silence)} ago, after {since}",
    }[status.condition]
    lines = [f"{clean(progress.job) or status.output.name}: {condition}"]
    if progress.workers:
        lines.append(clean(progress.workers))
    active = [phase for phase in progress.phases.values() if phase.state != PhaseState.FINISHED]
    if active and not ended:
        phase = active[-1]
        total = "" if phase.total is None else f" of {phase.total:,}"
        detail = f", {phase.detail}" if phase.detail else ""
        lines.append(f"phase: {clean(phase.name)}, {phase.done:,}{total}{detail}")
    if status.condition == Condition.RUNNING:
        lines.append(headline(progress, status.now))
    else:
        lines.append(headline(progress, progress.last).partition(";")[0])
    lines += _describe_workers(status)
    if progress.warnings and not ended:
        lines.append(f"last warning: {progress.warnings[-1]}")
    if progress.reasons:
        lines.append(f"failed: {by_reason(progress.reasons)}")
    lines += [f"  {one.id} ({one.reason}): {one.message}" for one in progress.failures]
    lines += far_from_motion(progress)
    where = clean(progress.videos) or status.output / "videos"
    lines.append(f"finished videos: {status.standing:,} of {progress.rows:,}, in {where}")
    if progress.cause:
        lines.append(progress.cause)
        lines.append("Fix that, then resume by running the same `run` command again.")
    elif status.condition in (Condition.SILENT, Condition.DEAD, Condition.INTERRUPTED):
        lines.append("Resume by running the same `run` command again; finished videos are kept.")
    return lines


def _describe_state(output: Path) -> int:
    """How many videos are there whole; of those in a store, how many were when they were written."""
    ledger = Ledger(output)
    rows = ledger.rows()
    away = {row["id"] for row in rows.select(["id", "video"]).to_pylist() if is_uri(row["video"] or "")}
    return len(away) + len(ledger.done())


def _workers(output: Path, started: float, now: float) -> tuple[WorkerSeen, ...]:
    """What `workers.json` says, if it is of this run."""
    try:
        content = json.loads((output / workers_file.NAME).read_text(encoding="utf-8"))
        if content["time"] < started:
            return ()
        return tuple(
            WorkerSeen(
                stage=str(one["stage"]),
                node=str(one["node"]),
                process=int(one["process"]),
                rows=tuple(map(str, one["rows"])),
                since=float(one["since"]),
                silence=max(now - float(one["heard"]), 0.0),
            )
            for one in content["workers"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _describe_workers(status: Status) -> list[str]:
    """In flight, and each worker's last sign of life."""
    if not status.workers:
        return []
    busy = sorted(status.workers, key=lambda one: (-one.silence // 30, -one.since))
    lines = [f"in flight: {count(len(status.in_flight), 'row')}, {count(len(busy), 'worker')}"]
    for one in busy[:MOST_WORKERS]:
        at = f"{clean(', '.join(one.rows))} for {duration(one.since)}" if one.rows else "waiting for rows"
        place = f"{WORKERS.get(one.stage, clean(one.stage))}, process {one.process} on {clean(one.node)}"
        lines.append(f"  {place}: {at}; last sign of life {duration(one.silence)} ago")
    if len(busy) > MOST_WORKERS:
        lines.append(f"  and {len(busy) - MOST_WORKERS:,} more")
    return lines


def _condition(output: Path, progress: RunProgress, silence: float) -> Condition:
    if progress.outcome in (RunState.FINISHED, RunState.INTERRUPTED):
        return Condition(progress.outcome)
    match holder_lives(output):
        case True:
            return Condition.RUNNING
        case False:
            return Condition.DEAD
    return Condition.SILENT if silence > SILENT_SECONDS else Condition.RUNNING
