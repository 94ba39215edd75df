"""Send rows through one pool of workers, or through two, of which the second fetches arrays from the first.

A worker is given rows only when it has none in hand: no worker idles while rows are left, a large row delays no other,
and a worker that dies loses only the rows that it was working on.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.errors import RESUME, EngineDied, WorkStopped
from common.formatting import duration
from pipeline.cluster.alarm import answering
from pipeline.cluster.session import check_session, is_through_client
from pipeline.cluster.sizing import PoolSize
from pipeline.engine.pool import StageSpec, WorkerPool
from pipeline.engine.spare import SpareWorkers
from pipeline.engine.table import Answer, LostRows, Member, workers_json
from stages.base import Row, RowStatus, StepProgress

POLL_SECONDS = 0.1
CHECK_SECONDS = 5.0
# Faces that are found, for each worker that makes videos of them: enough that none waits, and little memory.
READY_EACH = 2


@dataclass
class Arrivals:
    """What arrived at one moment: finished rows, lost rows, and progress of rows in hand."""

    finished: list[Row] = field(default_factory=list)
    lost: list[LostRows] = field(default_factory=list)
    progress: list[tuple[Row, StepProgress]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.finished or self.lost or self.progress)


class Flow:
    """One or two pools, whose workers live until `close`. Ray has to run.

    Args:
        specs: one, or two; of the first one's rows those that are ready go on to the second, the others are finished.
        stall_timeout: seconds without any worker at work after which the flow is given up.
        on_wait: called about ten times a second; what it raises ends the flow.
        stopping: once it says so no further row is begun, and the flow ends when those in hand have come out.
        spare: workers of an earlier flow. Those of the right size are taken, the others ended; a flow that ends well
            leaves its own there.
    """

    def __init__(
        self,
        specs: Sequence[StageSpec],
        stall_timeout: float = 3600.0,
        on_wait: Callable[[], None] = lambda: None,
        stopping: Callable[[], bool] = lambda: False,
        spare: SpareWorkers | None = None,
    ) -> None:
        import ray

        self._ray: Any = ray
        self._stall_timeout, self._on_wait, self._stopping = stall_timeout, on_wait, stopping
        streams = not is_through_client()
        self._spare = spare
        with answering():
            self._pools = [WorkerPool(spec, len(specs) > 1 and spec is specs[0], streams, spare) for spec in specs]
            if spare is not None:
                spare.close()  # they hold what this flow's own workers wait for
        self._first, self._last = self._pools[0], self._pools[-1]
        self._batches: Iterator[list[Row]] = iter(())
        self._again, self._late = deque[list[Row]](), deque[list[Row]]()
        self._ready = deque[tuple[Row, Any]]()  # between the pools: rows, and references to their arrays

    def run(self, batches: Iterable[list[Row]]) -> Generator[Arrivals, None, None]:
        """Send rows through the pools; yields what arrives.

        A lost row is not sent again unless the caller says so (`again`). Rows that were not begun when the flow was to
        stop do not come out.

        Args:
            batches: rows that are handed to a worker together; most often one.

        Raises:
            WorkStopped: nothing gets on.
            EngineDied: Ray has to be started again for anything to get on.
            UserError: a worker that is set up finds its files wrong.
        """
        self._batches = iter(batches)
        at_work = checked = time.monotonic()
        while True:
            stopping = self._stopping()
            if self._is_over(stopping):
                return
            with answering():
                if not stopping:
                    self._hand_out()
                arrivals = self._arrivals()
            # Before anything that may take its time: workers that get on meanwhile are heard of in the next round.
            if arrivals or any(pool.at_work for pool in self._pools):
                at_work = time.monotonic()
            else:
                self._check_stalled(time.monotonic() - at_work)
            if arrivals:
                yield arrivals
            self._on_wait()
            if time.monotonic() - checked > CHECK_SECONDS:
                checked = time.monotonic()
                check_session()

    def again(self, rows: list[Row], late: bool = False) -> None:
        """Send rows once more, each by itself: before all others, or when there are no others."""
        (self._late if late else self._again).extend([row] for row in rows)

    @property
    def has_ready(self) -> bool:
        """Whether rows wait for the second pool."""
        return bool(self._ready)

    def resize(self, sizes: Sequence[PoolSize]) -> None:
        """Go on with so many workers, of each pool."""
        with answering():
            for pool, size in zip(self._pools, sizes, strict=True):
                pool.resize(size)

    def workers_json(self) -> list[dict[str, Any]]:
        """What each worker is at, for `workers.json`."""
        return [entry for pool in self._pools for entry in workers_json(pool.spec.stage.__name__, pool.members)]

    def close(self) -> None:
        """End all workers, whatever they have in hand."""
        with answering():
            for pool in self._pools:
                pool.close()

    def __enter__(self) -> "Flow":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None or self._spare is None:
            self.close()
            return
        with answering():
            for pool in self._pools:
                pool.leave()

    def _check_stalled(self, idle: float) -> None:
        """Give up where no worker could be started for so many seconds.

        Raises:
            EngineDied: nobody else uses this Ray, so that Ray itself does not get on, though it answers.
            WorkStopped: the cluster has had no room for a worker.
        """
        stalled = f"The work stopped: no worker could be started for {duration(idle)}"
        if idle > self._first.start_limit:
            raise EngineDied(f"{stalled}. {RESUME}")
        if idle > self._stall_timeout:
            raise WorkStopped(
                f"{stalled}. Other programs may hold what the cluster has; wait for longer with cluster.stall_timeout. "
                f"{RESUME}"
            )

    def _hand_out(self) -> None:
        """Give every free worker something to do, as long as there is something."""
        while self._ready and (member := self._last.free()) is not None:
            row, arrays = self._ready.popleft()
            self._last.give(member, [row], [arrays])
        most = READY_EACH * len(self._last.members)
        while (member := self._first.free()) is not None:
            if len(self._pools) > 1 and len(self._ready) + len(self._first.busy) >= max(most, 1):
                return
            if (rows := self._next_rows()) is None:
                return
            self._first.give(member, rows)

    def _next_rows(self) -> list[Row] | None:
        if self._again:
            return self._again.popleft()
        if (rows := next(self._batches, None)) is not None:
            return rows
        return self._late.popleft() if self._late else None

    def _arrivals(self) -> Arrivals:
        """Wait a moment for workers to answer, and take what they say."""
        arrivals = Arrivals()
        asked = {
            member.answer: (pool, member)
            for pool in self._pools
            for member in pool.members
            if member.answer is not None
        }
        if asked:
            for answer in self._wait_for_answers(list(asked)):
                pool, member = asked[answer]
                self._sort(pool, member, arrivals)
        else:
            time.sleep(POLL_SECONDS)
        for pool in self._pools:
            arrivals.lost += pool.overdue()
        return arrivals

    def _wait_for_answers(self, answers: list[Any]) -> list[Any]:
        """The calls that have an answer; waits until there is one."""
        first, rest = self._ray.wait(answers, num_returns=1, timeout=POLL_SECONDS)
        if first and rest:
            first += self._ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        return first

    def _sort(self, pool: WorkerPool, member: Member, arrivals: Arrivals) -> None:
        """Sort a worker's answer into arrivals and into rows for the second pool."""
        answer: Answer = pool.take(member)
        if answer.lost is not None:
            arrivals.lost.append(answer.lost)
        if answer.progress is not None:
            arrivals.progress.append(answer.progress)
        if pool is self._last:
            arrivals.finished += answer.rows
            return
        for row, arrays in zip(answer.rows, answer.carried, strict=True):
            if row["status"] == RowStatus.READY:
                self._ready.append((row, arrays))
            else:
                arrivals.finished.append(row)

    def _is_over(self, stopping: bool) -> bool:
        """Whether no row is in hand and none is left."""
        if any(pool.busy for pool in self._pools):
            return False
        if stopping:
            return True
        if self._ready or self._again or self._late:
            return False
        if (rows := next(self._batches, None)) is None:
            return True
        self._again.append(rows)
        return False
