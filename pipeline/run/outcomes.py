"""Take finished rows in: count, store and report them, and notice where output or images are unavailable."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from common import storage
from common.errors import OutputUnavailable, Reason
from pipeline.output.event_log import EventLog, PhaseState
from pipeline.output.ledger import Ledger
from pipeline.run.counts import RowCounts
from pipeline.run.outages import CanaryImages, ImagesUnavailable, why_unavailable
from stages.base import Row, RowStatus, Target
from stages.result_row import result_row

PHASE = "videos"
# A worker may have nowhere to write while the driver has: its node lost the mount. That many in a row, and it is all.
MOST_BLOCKED = 8


class EarlierFailure(NamedTuple):
    """Why a row failed in an earlier run: its `Reason`, and the sentence."""

    reason: str
    message: str


@dataclass
class Outcomes:
    """A run's finished rows.

    Attributes:
        rows: of the manifest: order (int), id, image, motion, strength.
        counts: counted up; its keys are in the order of `rows`.
        ledger: where finished rows go.
        events: where they are reported.
        digests: for each motion, the hash of all that decides its videos besides the image.
        failed_before: why rows failed in an earlier run that are not tried again; such rows come as kept.
        canaries: images that could be read.
        blocked: rows whose videos had nowhere to go, one after another. messages: what their workers said.
        last_progress: when progress was last reported.
        away_since: when what went away was first missed; None once a video is made again.
    """

    rows: pa.Table
    counts: RowCounts
    ledger: Ledger
    events: EventLog
    digests: Mapping[str, str]
    failed_before: Mapping[Target, EarlierFailure]
    canaries: CanaryImages = field(default_factory=CanaryImages)
    blocked: int = 0
    messages: dict[int, str] = field(default_factory=dict)
    last_progress: float = field(default_factory=time.monotonic)
    away_since: float | None = None

    def row(self, order: int) -> Row:
        """A row of the manifest."""
        return self.rows.slice(order, 1).to_pylist()[0]

    def take_in(self, finished: Sequence[Row]) -> list[int]:
        """Count finished rows, store them, report them.

        Returns:
            The orders of those whose video had nowhere to go: they count as unfinished.

        Raises:
            OutputUnavailable: the same goes for all rows now, or the images went away; then the rows concerned are
                unfinished as well.
        """
        unreadable = any(row.get("reason") == Reason.UNREADABLE_IMAGE for row in finished)
        gone = self.canaries.why_away() if unreadable else ""
        stored: list[Row] = []
        blocked: list[int] = []
        for row in finished:
            if row["status"] == RowStatus.BLOCKED:
                blocked.append(row["order"])
                self.messages[row["order"]] = row["message"]
                continue
            if gone and row["reason"] == Reason.UNREADABLE_IMAGE:
                continue
            if self.counts.keys[row["order"]] is None:
                stored += self._count(row)
        self.ledger.append(stored)
        self.blocked += len(blocked)
        if gone:
            raise ImagesUnavailable(f"{gone}.")
        if blocked and (self.blocked >= MOST_BLOCKED or why_unavailable(self.ledger.output, self.ledger.videos)):
            raise OutputUnavailable(self.messages[blocked[-1]])
        return blocked

    def flush(self, due: bool = False) -> None:
        """Make finished rows durable; what cannot be written waits in memory.

        Raises:
            OutputUnavailable: it cannot.
        """
        try:
            self.ledger.flush_if_due() if due else self.ledger.flush()
        except OSError as error:
            raise OutputUnavailable(
                f"{self.ledger.folder} cannot be written: {storage.describe_io_error(error)}."
            ) from error

    def emit_progress(self, state: PhaseState) -> None:
        """Report the rows' progress as an event."""
        self.last_progress = time.monotonic()
        seconds = self.last_progress - self.counts.started
        total = len(self.counts.keys)
        self.events.emit("phase", phase=PHASE, state=state, done=self.counts.seen, total=total, seconds=seconds)

    def _count(self, row: Row) -> list[Row]:
        """Count a row and report it; returns what of it is stored."""
        counts = self.counts
        counts.keys[row["order"]] = row["key"]
        stored = [result_row(row) | {"digest": self.digests[row["motion"]]}]
        if row["status"] == RowStatus.KEPT:
            before = self.failed_before.get(Target(row["id"], row["key"]))
            if before is None:
                counts.kept += 1
                return []
            said = f"failed before, not tried again: {before.message}"
            row, stored = row | {"status": RowStatus.FAILED, "reason": before.reason, "message": said}, []
        if row["status"] == RowStatus.DONE:
            self.blocked, self.away_since = 0, None
            self.canaries.note(str(self.rows["image"][row["order"]].as_py()))
            counts.done += 1
        counts.failed += row["status"] == RowStatus.FAILED
        counts.frames += row.get("frames") or 0
        fields = {name: row.get(name) for name in ("id", "status", "reason", "message", "frames", "seconds")}
        self.events.emit("row", **fields)
        return stored
