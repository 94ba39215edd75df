"""The second flow: from the manifest's rows to videos and result rows."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from pipeline.events import EventLog
from pipeline.graph import StageClass, Step, run_flow
from pipeline.ledger import Ledger
from pipeline.resources import Layout
from stages.errors import Reason, RowError
from stages.ingest import fetch
from stages.prepare import content_key

STAGE = "targets"
PREPARE_BATCH = 4
PROGRESS_SECONDS = 0.5
SIGN_OF_LIFE_SECONDS = 5.0
CRASHED = "its worker died twice while it worked on this row: out of memory, or a fault in a native library"


@dataclass
class Tally:
    """What became of the rows, counted while they come in.

    Attributes:
        keys: for each row of the manifest its content key; "" where its picture cannot be read, None before its turn.
    """

    keys: list[str | None]
    done: int = 0
    kept: int = 0
    failed: int = 0
    frames: int = 0
    started: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)

    @property
    def seen(self) -> int:
        """Rows of which something is known."""
        return self.done + self.kept + self.failed


@dataclass(frozen=True)
class TargetFlow:
    """What making all videos needs besides the rows.

    Attributes:
        prepare, produce: the two stage classes and their settings.
        layout: workers of each.
        digests: for each motion, the hash of all that decides its videos besides the picture.
        failed_before: `id\\nkey` -> reason of rows that failed in an earlier run and are not tried again. The settings
            of `prepare` count them among the done, so that they come back as kept.
        ledger: where finished rows go.
        events: where progress is told.
        stall_timeout: seconds without progress after which the flow is given up.
        on_wait: called all the while; what it raises ends the flow.
    """

    prepare: tuple[StageClass, Any]
    produce: tuple[StageClass, Any]
    layout: Layout
    digests: Mapping[str, str]
    failed_before: Mapping[str, str]
    ledger: Ledger
    events: EventLog
    stall_timeout: float
    on_wait: Callable[[], None] = lambda: None

    def run(self, rows: pa.Table, tally: Tally) -> None:
        """Make every row's video. Ray has to run; `tally` is right at any moment, also when this raises.

        A row that went missing with its worker is run once more by itself, and then given up as `worker_crashed`.

        Args:
            rows: order (int), id, image, motion, strength.
            tally: counted up; its keys are in the order of `rows`.
        """
        tally.started = time.monotonic()
        self._tell("started", tally)
        for alone in (False, True):
            missing = [order for order, key in enumerate(tally.keys) if key is None]
            if not missing:
                break
            if alone:
                self.events.emit(
                    "warning",
                    message=f"a worker died; {len(missing)} of {len(tally.keys)} rows were lost with it and run again.",
                )
            with closing(self._flow(rows.take(pa.array(missing, pa.int64())), alone, tally)) as flow:
                for finished in flow:
                    self._take_in(finished, tally)
                    if time.monotonic() - tally.told >= PROGRESS_SECONDS:
                        self._tell("progress", tally)
        for order, key in enumerate(tally.keys):
            if key is None:
                self._take_in([self._crashed(rows.slice(order, 1).to_pylist()[0])], tally)
        self.ledger.flush()
        self._tell("finished", tally)

    def _flow(self, rows: pa.Table, alone: bool, tally: Tally) -> Any:
        """The rows through both pools, no larger than there are rows."""
        prepare, produce = self.layout.prepare, self.layout.produce
        if alone:
            prepare = replace(prepare, workers=min(prepare.workers, rows.num_rows))
            produce = replace(produce, workers=min(produce.workers, rows.num_rows))
        steps = [Step(*self.prepare, prepare, PREPARE_BATCH), Step(*self.produce, produce)]
        return run_flow(rows, steps, alone, self.stall_timeout, lambda: self._wait(tally))

    def _wait(self, tally: Tally) -> None:
        """While nothing comes: keep what came durable, and show whoever watches from elsewhere that we live."""
        self.ledger.flush_if_due()
        if time.monotonic() - tally.told >= SIGN_OF_LIFE_SECONDS:
            self._tell("progress", tally)
        self.on_wait()

    def _take_in(self, finished: list[dict[str, Any]], tally: Tally) -> None:
        """Count finished rows, store them, tell them."""
        stored = []
        for row in finished:
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
            tally.failed += row["status"] == "failed"
            tally.done += row["status"] == "done"
            tally.frames += row.get("frames") or 0
            told = {name: row.get(name) for name in ("id", "status", "reason", "message", "frames", "seconds")}
            self.events.emit("row", **told)
        self.ledger.append(stored)

    def _crashed(self, row: dict[str, Any]) -> dict[str, Any]:
        """The result of a row whose worker died twice; with its key, so that only `retry` lets it at a worker again."""
        try:
            key = content_key(fetch(row["image"]), self.digests[row["motion"]], row["strength"])
        except RowError:
            key = ""
        crashed = {"status": "failed", "reason": Reason.WORKER_CRASHED.value, "message": CRASHED, "key": key}
        return {name: row[name] for name in ("order", "id", "motion", "strength")} | crashed

    def _tell(self, state: str, tally: Tally) -> None:
        tally.told = time.monotonic()
        seconds = tally.told - tally.started
        total = len(tally.keys)
        self.events.emit("stage", stage=STAGE, state=state, done=tally.seen, total=total, seconds=seconds)
