"""How a movement's anchors go through workers: every row comes out, or the work stops with a sentence.

A clip's frames and a sentence's identities are rows as targets are, but a movement is made of all of them together:
a row lost with its worker gets a second chance, and one that is lost again ends the work.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.columns import to_table
from pipeline.events import EventLog
from pipeline.graph import Step, run_flow
from pipeline.resources import Pool
from stages.errors import WorkStopped

Result = TypeVar("Result")


@dataclass(frozen=True)
class Passes:
    """The workers of the motion flow.

    Attributes:
        pool: how many, of which size.
        stall_timeout: seconds without progress after which a pass is given up.
        events: where progress is told.
        on_wait: called all the while; what it raises ends the pass.
    """

    pool: Pool
    stall_timeout: float
    events: EventLog
    on_wait: Callable[[], None] = lambda: None

    def through(
        self,
        stage: str,
        columns: dict[str, Any],
        step: Step,
        row: str = "frame",
        steps: int = 1,
    ) -> list[dict[str, Any]]:
        """All rows through one pool, in the order of `index`.

        Args:
            stage: what the pass is called.
            columns: of the rows; `index` counts them from 0.
            step: the stage and its pool.
            row: what a row is called.
            steps: in which a row is worked on, where its worker leaves notes on them; progress counts steps.

        Raises:
            WorkStopped: a row failed, or its worker died twice over it.
        """
        total, started = len(columns["index"]), time.monotonic()
        table = to_table(columns)
        rows: dict[int, dict[str, Any]] = {}
        taken, losses = dict.fromkeys(range(total), 0), dict[int, float]()

        def tell(state: str) -> None:
            detail = f"loss {sum(losses.values()) / len(losses):.4f}" if losses else ""
            self.events.emit(
                "stage",
                stage=stage,
                state=state,
                done=sum(taken.values()),
                total=total * steps,
                seconds=time.monotonic() - started,
                detail=detail,
            )

        tell("started")
        for alone in (False, True):
            missing = [index for index in range(total) if index not in rows]
            if not missing:
                break
            flow = run_flow(
                table if len(missing) == total else table.take(missing), [step], alone, self.stall_timeout, self.on_wait
            )
            with closing(flow):
                for finished in flow:
                    if broken := [one for one in finished if one.get("status") == "failed"]:
                        raise WorkStopped(
                            f"{stage}, {row} {broken[0]['index'] + 1} of {total}: {broken[0]['message']}."
                        )
                    for one in finished:
                        if one.get("status") == "note":
                            taken[one["index"]], losses[one["index"]] = one["step"], one["loss"]
                        else:
                            rows[one["index"]], taken[one["index"]] = one, steps
                    tell("progress")
        if len(rows) < total:
            raise WorkStopped(
                f"{stage}: the workers died twice over {total - len(rows)} of {total} {row}s, so there is no movement. "
                "They may have run out of memory: lower cluster.workers."
            )
        tell("finished")
        return [rows[index] for index in range(total)]

    def on_driver(self, stage: str, work: Callable[[], Result]) -> Result:
        """Work on the driver, told as a stage."""
        started = time.monotonic()
        self.events.emit("stage", stage=stage, state="started", done=0, total=1, seconds=0.0)
        result = work()
        seconds = time.monotonic() - started
        self.events.emit("stage", stage=stage, state="finished", done=1, total=1, seconds=seconds)
        return result
