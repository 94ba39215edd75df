"""Send a motion's anchors through workers: every row comes out, or the work stops with a message.

A clip's frames and a prompt's identities are rows, as targets are, but a motion needs all of them: a row whose worker
died is tried once more by itself, and a second loss ends the work.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from common.errors import WorkStopped
from pipeline.cluster.sizing import PoolSize
from pipeline.engine.flow import Flow
from pipeline.engine.lost_counter import LostCounter
from pipeline.engine.pool import FOREVER, StageSpec
from pipeline.engine.spare import SpareWorkers
from pipeline.output.event_log import EventLog, PhaseState
from stages.base import Row, RowStatus, Stage

Result = TypeVar("Result")


@dataclass(frozen=True)
class Passes:
    """The workers of the motion flow.

    Attributes:
        pool: how many, of which size.
        events: where progress is reported.
        row_timeout: seconds that rows handed in together may take, or one that tells its progress may be silent.
        stall_timeout: seconds without any worker at work after which a pass is given up.
        on_wait: called all the while; what it raises ends the pass.
        spare: the workers of one pass go on to the next.
    """

    pool: PoolSize
    events: EventLog
    row_timeout: float = FOREVER
    stall_timeout: float = 3600.0
    on_wait: Callable[[], None] = lambda: None
    spare: SpareWorkers = field(default_factory=SpareWorkers)

    def through(
        self,
        name: str,
        rows: Sequence[Row],
        stage: type[Stage],
        settings: Any,
        batch: int = 1,
        row: str = "frame",
        steps: int = 1,
        frames: Callable[[Row], int] = lambda row: 1,
    ) -> list[Row]:
        """All rows through one pool, in the order of `index`.

        Args:
            name: what the pass is called.
            rows: `index` counts them from 0.
            stage: the class; each worker makes one, with `settings`, which can be pickled.
            batch: rows that a worker takes together.
            row: what a row is called.
            steps: in which a row is worked on, where its stage tells them; progress counts steps.
            frames: how many a row holds; progress counts them.

        Raises:
            WorkStopped: a row failed, or was lost again.
        """
        started = time.monotonic()
        finished: dict[int, Row] = {}
        taken, losses = dict.fromkeys(range(len(rows)), 0), dict[int, float]()
        held = [frames(row) for row in rows]
        counter = LostCounter(lambda row: row["index"])
        batch = max(1, min(batch, -(-len(rows) // self.pool.workers)))  # some for every worker

        def tell(state: PhaseState) -> None:
            detail = f"loss {sum(losses.values()) / len(losses):.4f}" if losses else ""
            self.events.emit(
                "phase",
                phase=name,
                state=state,
                done=sum(taken.values()),
                total=sum(held) * steps,
                seconds=time.monotonic() - started,
                detail=detail,
            )

        tell(PhaseState.STARTED)
        batches = (list(rows[start : start + batch]) for start in range(0, len(rows), batch))
        spec = StageSpec(stage, settings, self.pool, self.row_timeout)
        flow = Flow([spec], self.stall_timeout, self.on_wait, spare=self.spare)
        with flow, closing(flow.run(batches)) as arriving:
            for arrivals in arriving:
                for one in arrivals.finished:
                    if one.get("status") == RowStatus.FAILED:
                        raise WorkStopped(f"{name}, {row} {one['index'] + 1} of {len(rows)}: {one['message']}.")
                    finished[one["index"]], taken[one["index"]] = one, steps * held[one["index"]]
                for one, progress in arrivals.progress:
                    taken[one["index"]] = progress.step * held[one["index"]]
                    losses[one["index"]] = progress.loss
                for lost in arrivals.lost:
                    again, given_up = counter.count(lost)
                    flow.again(again)
                    if given_up:
                        mend = (
                            "A worker was stopped because it took too long: allow more with cluster.row_timeout"
                            if counter.timed_out(given_up[0])
                            else "They may have run out of memory: lower cluster.workers"
                        )
                        raise WorkStopped(
                            f"{name}: workers were lost twice over {row} {given_up[0]['index'] + 1} of {len(rows)}, so "
                            f"there is no motion. {mend}."
                        )
                tell(PhaseState.PROGRESS)
        tell(PhaseState.FINISHED)
        return [finished[index] for index in range(len(rows))]

    def on_driver(self, name: str, work: Callable[[], Result]) -> Result:
        """Do work on the driver, reported as a phase."""
        started = time.monotonic()
        self.events.emit("phase", phase=name, state=PhaseState.STARTED, done=0, total=1, seconds=0.0)
        result = work()
        seconds = time.monotonic() - started
        self.events.emit("phase", phase=name, state=PhaseState.FINISHED, done=1, total=1, seconds=seconds)
        return result
