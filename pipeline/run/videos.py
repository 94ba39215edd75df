"""From the manifest's rows to videos and result rows."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from common.errors import OutputUnavailable
from common.formatting import count
from pipeline.cluster.sizing import WorkerLayout
from pipeline.engine.flow import Flow
from pipeline.engine.lost_counter import LostCounter
from pipeline.engine.pool import StageSpec
from pipeline.engine.spare import SpareWorkers
from pipeline.engine.table import LostCause, LostRows
from pipeline.output.event_log import PhaseState
from pipeline.output.workers_file import write_workers
from pipeline.run.lost_rows import describe_lost, give_up
from pipeline.run.outages import require_machines, wait_until_available, why_still_away
from pipeline.run.outcomes import Outcomes
from stages.base import Row, Stage

PROGRESS_SECONDS = 0.5
SIGN_OF_LIFE_SECONDS = 5.0
GROWTH_SECONDS = 10.0
WORTHWHILE_ROWS = 2  # for each worker: loading its networks takes as long as a few rows
# Rows that are most likely done already are handed out together: looking at one takes a millisecond.
QUICK_ROWS = 64


@dataclass
class TargetFlow:
    """Makes all missing videos.

    Attributes:
        outcomes: where finished rows are taken in.
        detect, render: the two stage classes and their settings. Those of `detect` count earlier failures among the
            done, so that such rows come back as kept.
        layout: workers of each.
        replan: the layout that fits the machines there are now, or None if none can work; asked now and then, and when
            a worker is lost with its machine. Left out where machines neither leave nor join.
        stall_timeout: seconds without any worker at work after which the flow is given up.
        row_timeout: seconds that a row may take in each half.
        patience: seconds to wait for an output or images that went away.
        stopping: asked all the while; once it says so, rows in hand are finished and none is begun.
        spare: workers that the motions have left.
    """

    outcomes: Outcomes
    detect: tuple[type[Stage], Any]
    render: tuple[type[Stage], Any]
    layout: WorkerLayout
    stall_timeout: float = 3600.0
    row_timeout: float = 1800.0
    patience: float = 0.0
    stopping: Callable[[], bool] = lambda: False
    replan: Callable[[], WorkerLayout | None] | None = None
    spare: SpareWorkers | None = None
    _flow: Flow | None = field(default=None, init=False)
    _lost: LostCounter = field(default_factory=lambda: LostCounter(lambda row: row["order"]), init=False)
    _workers_written: float = field(default=0.0, init=False)
    _machines_seen: float = field(default_factory=time.monotonic, init=False)
    _stop_announced: bool = field(default=False, init=False)

    def run(self, last: Collection[int] = ()) -> None:
        """Make every row's video. Ray has to run; the counts are right at any moment, also when this raises.

        A row that is lost with its worker is run again. If a second worker dies over it, it is given up as
        `worker_crashed`, or as `timed_out` if it was ended over its time. When the run is to stop, rows that were not
        begun keep None for a key.

        Args:
            last: orders of rows that are most likely done already: looking at them comes after all real work.
        """
        outcomes, later = self.outcomes, frozenset(last)
        outcomes.counts.started = time.monotonic()
        outcomes.emit_progress(PhaseState.STARTED)
        while (missing := outcomes.counts.missing()) and not self.stopping():
            try:
                if self.replan is not None:
                    self.layout = require_machines(self.replan)
                self._work([one for one in missing if one not in later], sorted(later.intersection(missing)))
            except OutputUnavailable as outage:
                self._wait_until_back(outage)
        outcomes.flush()
        self._write_workers()
        outcomes.emit_progress(PhaseState.FINISHED)

    def _work(self, fresh: Sequence[int], quick: Sequence[int]) -> None:
        """Send rows through both pools, which have at most as many workers as there are rows.

        Raises:
            OutputUnavailable: videos have nowhere to go, images went away, or no machine can work.
        """
        layout = self.layout
        detect = replace(layout.detect, workers=min(layout.detect.workers, len(fresh) + len(quick)))
        render = replace(layout.render, workers=min(layout.render.workers, max(len(fresh), 1)))
        specs = [
            StageSpec(*self.detect, detect, self.row_timeout),
            StageSpec(*self.render, render, self.row_timeout),
        ]
        together = max(1, min(QUICK_ROWS, math.ceil(len(quick) / (4 * detect.workers))))
        flow = Flow(specs, self.stall_timeout, self._wait, self._stops, self.spare)
        try:
            with flow, closing(flow.run(self._batches(fresh, quick, together))) as arriving:
                self._flow = flow
                for arrivals in arriving:
                    for lost in arrivals.lost:
                        self._take_lost(lost, flow)
                    self._take_in(arrivals.finished, flow)
                    if flow.has_ready and render.workers < layout.render.workers:
                        render = layout.render  # more rows have to be made than it seemed
                        flow.resize([detect, render])
                    if time.monotonic() - self.outcomes.last_progress >= PROGRESS_SECONDS:
                        self.outcomes.emit_progress(PhaseState.PROGRESS)
        finally:
            self._flow = None

    def _batches(self, fresh: Sequence[int], quick: Sequence[int], together: int) -> Iterator[list[Row]]:
        """Rows in the order in which they are handed out: new ones first, one by one; likely done ones in batches."""
        yield from ([self.outcomes.row(order)] for order in fresh)
        for start in range(0, len(quick), together):
            yield [self.outcomes.row(order) for order in quick[start : start + together]]

    def _take_in(self, finished: Sequence[Row], flow: Flow) -> None:
        """Take finished rows in; one whose video had nowhere to go is retried after all others, and then fails."""
        outcomes, known = self.outcomes, set(self.outcomes.messages)
        for order in outcomes.take_in(finished):
            row = outcomes.row(order)
            if order in known:
                outcomes.take_in([give_up(row, self._lost, outcomes, self.row_timeout)])
            else:
                flow.again([row], late=True)

    def _take_lost(self, lost: LostRows, flow: Flow) -> None:
        """Run lost rows again at once, each by itself; give up those that were lost too often."""
        outcomes = self.outcomes
        again, given_up = self._lost.count(lost)
        flow.again([outcomes.row(row["order"]) for row in again])
        if lost.cause is LostCause.EXCUSED:
            self._machines_seen = 0.0  # machines may have gone
        if again:
            how, total = describe_lost(lost.cause, self.row_timeout), len(outcomes.counts.keys)
            message = f"{how}; {len(again)} of {total} rows were lost with it and run again."
            outcomes.events.emit("warning", message=message)
        outcomes.take_in([give_up(row, self._lost, outcomes, self.row_timeout) for row in given_up])

    def _stops(self) -> bool:
        """`stopping`, reported when it is first noticed."""
        if not self.stopping():
            return False
        if not self._stop_announced:
            self._stop_announced = True
            self.outcomes.events.emit(
                "warning", message="stopping: rows in hand are finished, none is begun. Once more stops at once."
            )
        return True

    def _wait(self) -> None:
        """Called all the while: flush the ledger, report progress, look for machines that joined or left."""
        outcomes, now = self.outcomes, time.monotonic()
        outcomes.flush(due=True)
        if now - outcomes.last_progress >= SIGN_OF_LIFE_SECONDS:
            outcomes.emit_progress(PhaseState.PROGRESS)
        if now - self._workers_written >= SIGN_OF_LIFE_SECONDS:
            self._write_workers()
        if self.replan is not None and now - self._machines_seen >= GROWTH_SECONDS and not self.stopping():
            self._look_at_machines()

    def _look_at_machines(self) -> None:
        """Fit the pools to the machines there are now; grow only where enough rows are left.

        Raises:
            MachinesUnavailable: none can work.
        """
        assert self.replan is not None, "without it the layout stays as it is"
        self._machines_seen = time.monotonic()
        layout, before = require_machines(self.replan), self.layout.render.workers
        workers = layout.render.workers
        left = len(self.outcomes.counts.keys) - self.outcomes.counts.seen
        if self._flow is None or workers == before or (workers > before and left <= WORTHWHILE_ROWS * workers):
            return
        self.layout = layout
        self._flow.resize([layout.detect, layout.render])
        if workers > before:
            message = f"the cluster has grown: the run continues with {count(workers, 'render worker')}."
            self.outcomes.events.emit("warning", message=message)

    def _wait_until_back(self, outage: OutputUnavailable) -> None:
        """Wait until an outage is over; the waits of one that comes and goes add up until a video is made.

        Raises:
            WorkStopped: it does not come back.
        """
        outcomes = self.outcomes
        if outcomes.away_since is None:
            outcomes.away_since = time.monotonic()
        outcomes.blocked = 0
        outcomes.messages.clear()
        self._write_workers()

        def on_wait() -> None:
            if self.stopping():
                raise KeyboardInterrupt
            if time.monotonic() - outcomes.last_progress >= SIGN_OF_LIFE_SECONDS:
                outcomes.emit_progress(PhaseState.PROGRESS)

        why = partial(why_still_away, outage, outcomes.canaries, self.replan, outcomes.ledger)
        left = self.patience - (time.monotonic() - outcomes.away_since)
        wait_until_available(outage, why, left, outcomes.events, on_wait)

    def _write_workers(self) -> None:
        self._workers_written = time.monotonic()
        write_workers(self.outcomes.ledger.output, self._flow.workers_json() if self._flow is not None else [])
