"""The second flow: from the manifest's rows to videos and result rows."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from common.errors import OutputUnavailable
from common.formatting import count
from pipeline.cluster.sizing import WorkerLayout
from pipeline.engine.flow import Flow
from pipeline.engine.losses import LossCounter
from pipeline.engine.pool import Step
from pipeline.engine.spare import SpareWorkers
from pipeline.engine.table import Loss, LossCause
from pipeline.output.event_log import EventLog, StageState
from pipeline.output.ledger import Ledger
from pipeline.output.workers_file import write_workers
from pipeline.run.counts import RowCounts
from pipeline.run.lost_rows import describe_loss, give_up
from pipeline.run.outages import require_machines, wait_until_available, why_still_away
from pipeline.run.outcomes import Outcomes
from stages.base import Row, Stage, Target

PROGRESS_SECONDS = 0.5
SIGN_OF_LIFE_SECONDS = 5.0
GROWTH_SECONDS = 10.0
WORTHWHILE_ROWS = 2  # for each worker: loading its networks takes as long as a few rows
# Rows that are most likely done already are handed out together: looking at one takes a millisecond.
QUICK_ROWS = 64


@dataclass
class AtWork:
    """What the flow learns on its way.

    Attributes:
        outcomes: of the rows.
        layout: of the present workers.
        losses: how often each row was lost.
        told: when the workers were last written down. looked: when machines were last looked at.
        stop_told: whether it was said that the run is stopping.
    """

    outcomes: Outcomes
    layout: WorkerLayout
    flow: Flow | None = None
    losses: LossCounter = field(default_factory=lambda: LossCounter(lambda row: row["order"]))
    told: float = 0.0
    looked: float = field(default_factory=time.monotonic)
    stop_told: bool = False


@dataclass(frozen=True)
class TargetFlow:
    """What making all videos needs besides the rows.

    Attributes:
        prepare, produce: the two stage classes and their settings.
        layout: workers of each.
        replan: the layout that fits the machines there are now, or None if none can work; asked now and then, and when
            a worker is lost with its machine. Left out where machines neither leave nor join.
        digests: for each motion, the hash of all that decides its videos besides the image.
        failed_before: why rows failed in an earlier run that are not tried again. The settings of `prepare` count them
            among the done, so that they come back as kept.
        ledger: where finished rows go.
        events: where progress is told.
        stall_timeout: seconds without any worker at work after which the flow is given up.
        row_timeout: seconds that a row may take in each half.
        patience: seconds to wait for an output or images that went away.
        on_wait: called all the while; what it raises ends the flow.
        stopping: once it says so, rows in hand are finished and none is begun.
        spare: workers that the motions have left.
    """

    prepare: tuple[type[Stage], Any]
    produce: tuple[type[Stage], Any]
    layout: WorkerLayout
    digests: Mapping[str, str]
    failed_before: Mapping[Target, str]
    ledger: Ledger
    events: EventLog
    stall_timeout: float = 3600.0
    row_timeout: float = 1800.0
    patience: float = 0.0
    on_wait: Callable[[], None] = lambda: None
    stopping: Callable[[], bool] = lambda: False
    replan: Callable[[], WorkerLayout | None] | None = None
    spare: SpareWorkers | None = None

    def run(self, rows: pa.Table, tally: RowCounts, last: Collection[int] = ()) -> None:
        """Make every row's video. Ray has to run; `tally` is right at any moment, also when this raises.

        A row that is lost with its worker is run again. If a second worker dies over it, it is given up as
        `worker_crashed`, or as `timed_out` if it was ended over its time. When the run is to stop, rows that were not
        begun keep None for a key.

        Args:
            rows: order (int), id, image, motion, strength.
            tally: counted up; its keys are in the order of `rows`.
            last: orders of rows that are most likely done already: looking at them comes after all real work.
        """
        tally.started = time.monotonic()
        outcomes = Outcomes(rows, tally, self.ledger, self.events, self.digests, self.failed_before)
        at_work = AtWork(outcomes, self.layout)
        outcomes.tell(StageState.STARTED)
        later = frozenset(last)
        while (missing := tally.missing()) and not self.stopping():
            try:
                if self.replan is not None:
                    at_work.layout = require_machines(self.replan)
                self._work([one for one in missing if one not in later], sorted(later.intersection(missing)), at_work)
            except OutputUnavailable as outage:
                self._wait_until_back(outage, at_work)
        outcomes.flush()
        self._write_workers(at_work)
        outcomes.tell(StageState.FINISHED)

    def _work(self, fresh: Sequence[int], quick: Sequence[int], at_work: AtWork) -> None:
        """Rows through both pools, which are no larger than there are rows.

        Raises:
            OutputUnavailable: videos have nowhere to go, images went away, or no machine can work.
        """
        outcomes, layout = at_work.outcomes, at_work.layout
        prepare = replace(layout.prepare, workers=min(layout.prepare.workers, len(fresh) + len(quick)))
        produce = replace(layout.produce, workers=min(layout.produce.workers, max(len(fresh), 1)))
        steps = [Step(*self.prepare, prepare, self.row_timeout), Step(*self.produce, produce, self.row_timeout)]
        together = max(1, min(QUICK_ROWS, math.ceil(len(quick) / (4 * prepare.workers))))
        batches = self._batches(fresh, quick, together, outcomes)
        flow = Flow(steps, self.stall_timeout, lambda: self._wait(at_work), lambda: self._stops(at_work), self.spare)
        try:
            with flow, closing(flow.run(batches)) as arriving:
                at_work.flow = flow
                for arrivals in arriving:
                    for loss in arrivals.lost:
                        self._take_loss(loss, flow, at_work)
                    self._take_in(arrivals.finished, flow, at_work)
                    if flow.has_ready and produce.workers < layout.produce.workers:
                        produce = layout.produce  # more rows have to be made than it seemed
                        flow.resize([prepare, produce])
                    if time.monotonic() - outcomes.tally.told >= PROGRESS_SECONDS:
                        outcomes.tell(StageState.PROGRESS)
        finally:
            at_work.flow = None

    def _batches(
        self, fresh: Sequence[int], quick: Sequence[int], together: int, outcomes: Outcomes
    ) -> Iterator[list[Row]]:
        """Rows as they are handed out: real work one by one and first, what is hardly any in portions."""
        yield from ([outcomes.row(order)] for order in fresh)
        for start in range(0, len(quick), together):
            yield [outcomes.row(order) for order in quick[start : start + together]]

    def _take_in(self, finished: Sequence[Row], flow: Flow, at_work: AtWork) -> None:
        """Finished rows; one whose video had nowhere to go is tried again when all others are done, and then fails."""
        known = set(at_work.outcomes.messages)
        for order in at_work.outcomes.take_in(finished):
            row = at_work.outcomes.row(order)
            if order in known:
                at_work.outcomes.take_in([self._given_up(row, at_work)])
            else:
                flow.again([row], late=True)

    def _take_loss(self, loss: Loss, flow: Flow, at_work: AtWork) -> None:
        """Lost rows are run again at once, each by itself; those that were lost too often are given up."""
        outcomes = at_work.outcomes
        again, given_up = at_work.losses.count(loss)
        flow.again([outcomes.row(row["order"]) for row in again])
        if loss.cause is LossCause.EXCUSED:
            at_work.looked = 0.0  # machines may have gone
        if again:
            how = describe_loss(loss.cause, self.row_timeout)
            total = len(outcomes.tally.keys)
            self.events.emit("warning", message=f"{how}; {len(again)} of {total} rows were lost with it and run again.")
        outcomes.take_in([self._given_up(row, at_work) for row in given_up])

    def _given_up(self, row: Row, at_work: AtWork) -> Row:
        return give_up(row, at_work.losses, at_work.outcomes.messages, self.digests, self.row_timeout)

    def _stops(self, at_work: AtWork) -> bool:
        """`stopping`, said aloud when it is first noticed."""
        if not self.stopping():
            return False
        if not at_work.stop_told:
            at_work.stop_told = True
            self.events.emit(
                "warning", message="stopping: rows in hand are finished, none is begun. Once more stops at once."
            )
        return True

    def _wait(self, at_work: AtWork) -> None:
        """While nothing comes: keep what came durable, and show whoever watches from elsewhere that we live."""
        outcomes, now = at_work.outcomes, time.monotonic()
        outcomes.flush(due=True)
        if now - outcomes.tally.told >= SIGN_OF_LIFE_SECONDS:
            outcomes.tell(StageState.PROGRESS)
        if now - at_work.told >= SIGN_OF_LIFE_SECONDS:
            self._write_workers(at_work)
        if self.replan is not None and now - at_work.looked >= GROWTH_SECONDS and not self.stopping():
            self._look_at_machines(at_work)
        self.on_wait()

    def _look_at_machines(self, at_work: AtWork) -> None:
        """Machines that joined or left: as many workers as they hold, and more only where that is worth while.

        Raises:
            MachinesUnavailable: none can work.
        """
        assert self.replan is not None, "without it the layout stays as it is"
        at_work.looked = time.monotonic()
        layout, before = require_machines(self.replan), at_work.layout.produce.workers
        workers = layout.produce.workers
        left = len(at_work.outcomes.tally.keys) - at_work.outcomes.tally.seen
        if at_work.flow is None or workers == before or (workers > before and left <= WORTHWHILE_ROWS * workers):
            return
        at_work.layout = layout
        at_work.flow.resize([layout.prepare, layout.produce])
        if workers > before:
            self.events.emit("warning", message=f"the cluster has grown: it goes on with {count(workers, 'worker')}.")

    def _wait_until_back(self, outage: OutputUnavailable, at_work: AtWork) -> None:
        """Wait for what went away; the waits of one outage that comes and goes add up until a video is made.

        Raises:
            WorkStopped: it does not come back.
        """
        outcomes = at_work.outcomes
        if outcomes.away_since is None:
            outcomes.away_since = time.monotonic()
        outcomes.blocked = 0
        outcomes.messages.clear()
        self._write_workers(at_work)

        def on_wait() -> None:
            if self.stopping():
                raise KeyboardInterrupt
            if time.monotonic() - outcomes.tally.told >= SIGN_OF_LIFE_SECONDS:
                outcomes.tell(StageState.PROGRESS)
            self.on_wait()

        why = partial(why_still_away, outage, outcomes.witnesses, self.replan, self.ledger)
        left = self.patience - (time.monotonic() - outcomes.away_since)
        wait_until_available(outage, why, left, self.events, on_wait)

    def _write_workers(self, at_work: AtWork) -> None:
        at_work.told = time.monotonic()
        write_workers(self.ledger.output, at_work.flow.workers_json() if at_work.flow is not None else [])
