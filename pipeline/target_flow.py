"""The second flow: from the manifest's rows to videos and result rows."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from pipeline.events import EventLog
from pipeline.graph import StageClass, Step, run_flow
from pipeline.ledger import Ledger
from pipeline.outages import MachinesUnavailable, PicturesUnavailable, wait_until_back, why_away
from pipeline.resources import Layout
from pipeline.signs_of_life import Roll
from pipeline.tally import AtWork, Tally
from stages import storage
from stages.durable import replacing
from stages.errors import OutputUnavailable, Reason, RowError
from stages.ingest import fetch
from stages.prepare import content_key

STAGE = "targets"
PREPARE_BATCH = 4
PROGRESS_SECONDS = 0.5
SIGN_OF_LIFE_SECONDS = 5.0
CRASHED = "its worker died twice while it worked on this row: out of memory, or a fault in a native library"
TIMED_OUT = "it took longer than {limit:g} s twice, and its worker was stopped. Allow more with cluster.row_timeout"
# A worker may have nowhere to write while the driver has: its node lost the mount. That many in a row, and it is all.
MOST_BLOCKED = 8
# So often a row may get lost with a machine, or before a worker said that it has it.
MOST_EXCUSED = 3
NO_MACHINE = "no machine of the cluster can work now"
GROWTH_SECONDS, GROWN_SIGHTINGS = 10.0, 2
WORTHWHILE_ROWS = 2  # for each worker: loading its networks takes as long as a few rows


@dataclass(frozen=True)
class TargetFlow:
    """What making all videos needs besides the rows.

    Attributes:
        prepare, produce: the two stage classes and their settings.
        layout: workers of each.
        replan: the layout that fits the machines there are now, or None if none can work; asked before rows are run
            again, and now and then while it goes on. Left out where machines neither leave nor join.
        digests: for each motion, the hash of all that decides its videos besides the picture.
        failed_before: `id\\nkey` -> reason of rows that failed in an earlier run and are not tried again. The settings
            of `prepare` count them among the done, so that they come back as kept.
        ledger: where finished rows go.
        events: where progress is told.
        stall_timeout: seconds without progress after which the flow is given up.
        row_timeout: seconds that a row may take in each half.
        patience: seconds to wait for an output or pictures that went away.
        on_wait: called all the while; what it raises ends the flow.
        stopping: once it says so, rows in hand are finished and none is begun.
    """

    prepare: tuple[StageClass, Any]
    produce: tuple[StageClass, Any]
    layout: Layout
    digests: Mapping[str, str]
    failed_before: Mapping[str, str]
    ledger: Ledger
    events: EventLog
    stall_timeout: float = 3600.0
    row_timeout: float = 1800.0
    patience: float = 0.0
    on_wait: Callable[[], None] = lambda: None
    stopping: Callable[[], bool] = lambda: False
    replan: Callable[[], Layout | None] | None = None

    def run(self, rows: pa.Table, tally: Tally, last: Collection[int] = ()) -> None:
        """Make every row's video. Ray has to run; `tally` is right at any moment, also when this raises.

        A row that went missing with its worker is run once more by itself. If a worker dies over it then, it is given
        up as `worker_crashed`, or as `timed_out` if it was the watch that ended the worker; if it was the machine that
        died, it is run again. When the run is to stop, rows that were not begun keep None for a key.

        Args:
            rows: order (int), id, image, motion, strength.
            tally: counted up; its keys are in the order of `rows`.
            last: orders of rows that are most likely done already: looking at them comes after all real work.
        """
        tally.started = time.monotonic()
        self._tell("started", tally)
        at_work = AtWork(rows, tally, Roll(self.row_timeout), self.layout)
        alone, later = False, frozenset(last)
        while (missing := at_work.missing()) and not self.stopping():
            if alone:
                self.events.emit(
                    "warning",
                    message=f"a worker died; {len(missing)} of {len(tally.keys)} rows were lost with it and run again.",
                )
            missing.sort(key=lambda order: order in later)
            at_work.new_workers(Roll(self.row_timeout))
            try:
                if self.replan is not None:
                    at_work.layout = self._layout_now()
                chosen, quick = rows.take(pa.array(missing, pa.int64())), len(later.intersection(missing))
                with closing(self._flow(chosen, alone, at_work, quick)) as flow:
                    for finished in flow:
                        self._take_in(finished, at_work)
                        if time.monotonic() - tally.told >= PROGRESS_SECONDS:
                            self._tell("progress", tally)
            except OutputUnavailable as outage:
                self._wait_until_back(outage, at_work)
                continue
            if at_work.grown >= GROWN_SIGHTINGS:
                at_work.grown = 0
                continue
            if alone and not self.stopping():
                self._give_up(at_work)
            alone = True
        self._flush()
        self._write_signs(at_work, [])
        self._tell("finished", tally)

    def _give_up(self, at_work: AtWork) -> None:
        """Fail the missing rows whose own fault it is, after they were run by themselves."""
        for order in at_work.missing():
            row = at_work.rows.slice(order, 1).to_pylist()[0]
            at_work.excused[order] += 1
            fault = order in at_work.messages or at_work.roll.fell_with(row["id"])
            if fault or at_work.excused[order] > MOST_EXCUSED:
                self._take_in([self._lost(row, at_work)], at_work)

    def _layout_now(self) -> Layout:
        """The workers that fit the machines there are now.

        Raises:
            MachinesUnavailable: none can work.
        """
        assert self.replan is not None, "without it the layout stays as it is"
        if (layout := self.replan()) is None:
            raise MachinesUnavailable(f"{NO_MACHINE}.")
        return layout

    def _flow(self, rows: pa.Table, alone: bool, at_work: AtWork, quick: int) -> Any:
        """The rows through both pools, no larger than there are rows; the last `quick` are hardly any work."""
        prepare, produce = at_work.layout.prepare, at_work.layout.produce
        if alone:
            prepare = replace(prepare, workers=min(prepare.workers, rows.num_rows))
            produce = replace(produce, workers=min(produce.workers, rows.num_rows))
        steps = [
            Step(*self.prepare, prepare, PREPARE_BATCH, self.row_timeout),
            Step(*self.produce, produce, limit=self.row_timeout),
        ]
        stopping = self._stopping(at_work)
        return run_flow(
            rows, steps, alone, self.stall_timeout, lambda: self._wait(at_work), at_work.roll, stopping, quick
        )

    def _stopping(self, at_work: AtWork) -> Callable[[], bool]:
        """`stopping`, said aloud when it is first noticed."""

        def stopping() -> bool:
            if self.stopping() and not at_work.stop_told:
                at_work.stop_told = True
                self.events.emit(
                    "warning", message="stopping: rows in hand are finished, none is begun. Once more stops at once."
                )
            return self.stopping() or at_work.grown >= GROWN_SIGHTINGS

        return stopping

    def _look_for_growth(self, at_work: AtWork) -> None:
        """Machines that joined: rows in hand are finished, and the rest goes on with more workers.

        Not for the last few rows, and not at the first sight: machines seldom join alone.
        """
        at_work.looked = time.monotonic()
        if self.replan is None or at_work.grown >= GROWN_SIGHTINGS:
            return
        layout = self.replan()
        workers = layout.produce.workers if layout else 0
        more = workers > at_work.layout.produce.workers
        left = len(at_work.tally.keys) - at_work.tally.seen
        at_work.grown = at_work.grown + 1 if more and left > WORTHWHILE_ROWS * workers else 0
        if at_work.grown >= GROWN_SIGHTINGS:
            self.events.emit("warning", message=f"the cluster has grown: it goes on with {workers} workers.")

    def _wait(self, at_work: AtWork) -> None:
        """While nothing comes: keep what came durable, and show whoever watches from elsewhere that we live."""
        self._flush(due=True)
        if time.monotonic() - at_work.tally.told >= SIGN_OF_LIFE_SECONDS:
            self._tell("progress", at_work.tally)
        if time.monotonic() - at_work.signs_written >= SIGN_OF_LIFE_SECONDS:
            self._write_signs(at_work, at_work.roll.alive())
        if time.monotonic() - at_work.looked >= GROWTH_SECONDS:
            self._look_for_growth(at_work)
        self.on_wait()

    def _flush(self, due: bool = False) -> None:
        """Make finished rows durable; what cannot be written waits in memory.

        Raises:
            OutputUnavailable: it cannot.
        """
        try:
            self.ledger.flush_if_due() if due else self.ledger.flush()
        except OSError as error:
            raise OutputUnavailable(f"{self.ledger.folder} cannot be written: {storage.why(error)}.") from error

    def _take_in(self, finished: list[dict[str, Any]], at_work: AtWork) -> None:
        """Count finished rows, store them, tell them.

        Raises:
            OutputUnavailable: videos had nowhere to go, or pictures went away; the rows concerned stay missing.
        """
        tally = at_work.tally
        gone = ""
        if any(row.get("reason") == Reason.UNREADABLE_IMAGE for row in finished):
            gone = at_work.witnesses.why_away()
        stored = []
        for row in finished:
            if row["status"] == "blocked":
                at_work.blocked += 1
                at_work.messages[row["order"]] = row["message"]
            if row["status"] in ("skipped", "blocked") or (gone and row["reason"] == Reason.UNREADABLE_IMAGE):
                continue
            if tally.keys[row["order"]] is not None:
                continue  # Ray gave a block twice
            tally.keys[row["order"]] = row["key"]
            if row["status"] == "kept":
                reason = self.failed_before.get(f"{row['id']}\n{row['key']}")
                if reason is None:
                    tally.kept += 1
                    continue
                row |= {"status": "failed", "reason": reason, "message": 'failed before; "retry" tries it again'}
            else:
                stored.append({**row, "digest": self.digests[row["motion"]]})
            if row["status"] == "done":
                at_work.made(row["order"])
            tally.failed += row["status"] == "failed"
            tally.done += row["status"] == "done"
            tally.frames += row.get("frames") or 0
            told = {name: row.get(name) for name in ("id", "status", "reason", "message", "frames", "seconds")}
            self.events.emit("row", **told)
        self.ledger.append(stored)
        if gone:
            raise PicturesUnavailable(f"{gone}.")
        blocked = [row["message"] for row in finished if row["status"] == "blocked"]
        if blocked and (at_work.blocked >= MOST_BLOCKED or why_away(self.ledger.output, self.ledger.videos)):
            raise OutputUnavailable(blocked[-1])

    def _wait_until_back(self, outage: OutputUnavailable, at_work: AtWork) -> None:
        """Wait for what went away; the waits of one outage that comes and goes add up until a video is made.

        Raises:
            WorkStopped: it does not come back.
        """
        if at_work.away_since is None:
            at_work.away_since = time.monotonic()
        at_work.blocked = 0
        self._write_signs(at_work, [])

        def on_wait() -> None:
            if self.stopping():
                raise KeyboardInterrupt
            if time.monotonic() - at_work.tally.told >= SIGN_OF_LIFE_SECONDS:
                self._tell("progress", at_work.tally)
            self.on_wait()

        def why() -> str:
            if isinstance(outage, PicturesUnavailable):
                return at_work.witnesses.why_away()
            if isinstance(outage, MachinesUnavailable):
                return NO_MACHINE if self.replan is not None and self.replan() is None else ""
            return why_away(self.ledger.output, self.ledger.videos)

        left = self.patience - (time.monotonic() - at_work.away_since)
        wait_until_back(outage, why, left, self.events, on_wait)

    def _lost(self, row: dict[str, Any], at_work: AtWork) -> dict[str, Any]:
        """The result of a row that never came out; with its key, so that only `retry` lets it at a worker again."""
        try:
            key = content_key(fetch(row["image"]), self.digests[row["motion"]], row["strength"])
        except RowError:
            key = ""
        if row["order"] in at_work.messages:
            reason, message = Reason.ENCODE_FAILED, at_work.messages[row["order"]]
        elif at_work.ran_out_of_time(row["id"]):
            reason, message = Reason.TIMED_OUT, TIMED_OUT.format(limit=self.row_timeout)
        else:
            reason, message = Reason.WORKER_CRASHED, CRASHED
        failed = {"status": "failed", "reason": reason.value, "message": message, "key": key}
        return {name: row[name] for name in ("order", "id", "motion", "strength")} | failed

    def _write_signs(self, at_work: AtWork, alive: list[tuple[Any, float]]) -> None:
        """`workers.json`, for `status`: what each worker is at, and when it was last heard of."""
        at_work.signs_written = time.monotonic()
        now = time.time()
        workers = [{**asdict(sign), "heard": now - silence} for sign, silence in alive]
        with suppress(OSError), replacing(self.ledger.output / "workers.json") as temporary:
            temporary.write_text(json.dumps({"time": now, "workers": workers}), encoding="utf-8")

    def _tell(self, state: str, tally: Tally) -> None:
        tally.told = time.monotonic()
        seconds = tally.told - tally.started
        total = len(tally.keys)
        self.events.emit("stage", stage=STAGE, state=state, done=tally.seen, total=total, seconds=seconds)
