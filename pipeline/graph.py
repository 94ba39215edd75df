"""The Ray Data flows: which columns travel, between which pools of workers, in portions of which size.

A flow takes stage classes as they stand in `stages` (settings in, a callable on columns out) and yields finished rows
as they come. Ray Data has no errors of single rows; here a row whose worker died is missing from what comes out, and
the caller runs it again by itself (`run_flow(..., alone=True)`), where it can hurt none but itself.
"""

import logging
import math
import os
import queue
import threading
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.columns import COLUMN_TYPES, to_columns, to_table
from pipeline.resources import Pool
from pipeline.set_up_watch import SetUpWatch, announce_ready
from pipeline.signs_of_life import FOREVER, Roll, Sign, Telling, ask_to_stop, clear_signs, read_signs
from pipeline.worker_notes import leave_note, take_notes
from stages.errors import Reason
from stages.messages import told

# One crop is 192 KB: a block holds one of them, or hundreds of rows that were done before.
BLOCK_BYTES = 128 << 10
# Rows that a task is given at most. Each portion costs the driver some milliseconds and kilobytes.
ROWS, QUICK_ROWS = 32, 512
POLL_SECONDS = 0.1
STOP_SECONDS = 30.0
NOTE_SECONDS = 1.0
SIGN_SECONDS = 1.0
# After the word to stop: time in which every worker has surely read it, and in which what they finished has come.
HEARD_SECONDS = 3.0
QUIET_SECONDS = 1.0

StageClass = Callable[[Any], Callable[[dict[str, list[Any]]], Mapping[str, Any]]]


@dataclass(frozen=True)
class Step:
    """One pool of workers in a flow.

    Attributes:
        stage: the class; its workers each make one, with `settings`.
        settings: small and picklable.
        pool: how many workers, of which size.
        batch: rows that a worker takes at a time.
        limit: seconds that a batch may take; a worker that takes longer is ended, and the batch is lost with it.
    """

    stage: StageClass
    settings: Any
    pool: Pool
    batch: int = 1
    limit: float = FOREVER


class StageWorker:
    """What runs in a worker: a stage, between Arrow columns on the outside and plain lists and arrays inside.

    A batch that fails as a whole (a stage turns the failures of single rows into rows) comes out with every row
    marked as failed, so that none is lost and the flow goes on. Once the driver wants to stop, rows come out as they
    went in, marked as skipped.
    """

    def __init__(self, stage: StageClass, settings: Any, limit: float = FOREVER) -> None:
        os.environ["HOME"] = os.environ.get("MICROMOTION_HOME", os.environ["HOME"])  # Ray's processes have their own
        self._call: Any = stage(settings)
        if getattr(stage, "TELLS", False):
            setattr(self._call, "tell", leave_note)  # noqa: B010 (a stage's type says nothing of it)
        self._telling = Telling(getattr(stage, "__name__", ""), limit)
        announce_ready()

    def __call__(self, table: pa.Table) -> pa.Table:
        columns = to_columns(table)
        if not table.num_rows:
            return table
        if self._telling.stopping:
            return _marked(columns, "skipped")
        if "ready" not in columns.get("status", ["ready"]):  # nothing to do, and so nothing to tell
            return to_table(self._call(columns))
        try:
            with self._telling.working([str(row) for row in columns.get("id") or columns.get("index") or ()]):
                return to_table(self._call(columns))
        except Exception as error:
            message = f"{type(error).__name__}: {told(error)}"
            return _marked(columns, "failed", Reason.INTERNAL_ERROR.value, message)


def _marked(columns: Mapping[str, list[Any]], status: str, reason: str = "", message: str = "") -> pa.Table:
    """A whole batch with one fate; without crops and the like, which nobody will use."""
    count = len(next(iter(columns.values())))
    fate = {"status": status, "reason": reason, "message": message, "key": ""}
    kept = {name: values for name, values in columns.items() if name in COLUMN_TYPES}
    return to_table(kept | {name: [value] * count for name, value in fate.items()})


def run_flow(
    rows: pa.Table,
    steps: Sequence[Step],
    alone: bool = False,
    stall_timeout: float = 3600.0,
    on_wait: Callable[[], None] = lambda: None,
    roll: Roll | None = None,
    stopping: Callable[[], bool] = lambda: False,
    quick: int = 0,
) -> Generator[list[dict[str, Any]], None, None]:
    """Send rows through pools of workers; yields finished rows in the order in which they finish.

    Ray has to run. A row whose worker dies on the way does not come out, nor does one that was not begun when the
    flow was to stop (or it comes out as skipped). Whoever may leave early closes it (`contextlib.closing`): suspended,
    it would still be at work when Ray shuts down.

    Args:
        rows: what enters, as `to_table` makes it.
        steps: at most two.
        alone: give each row to a worker by itself, with none waiting behind it.
        stall_timeout: seconds without any progress after which the flow is given up.
        on_wait: called about ten times a second, also while nothing comes out; what it raises ends the flow.
        roll: hears once a second what the workers are at.
        stopping: once it says so no further row is begun, and the flow ends when those in hand have come out.
        quick: how many rows at the end are hardly any work; they travel in large portions.

    Raises:
        Exception: what Ray raises when the flow as a whole cannot go on, e.g. when no worker can be set up.
    """
    import ray

    # Ray Data does not run through a ray:// connection: there the flow itself is an actor of the cluster.
    remote = ray.util.client.ray.is_connected()
    arguments = (rows, list(steps), alone, stall_timeout, quick)
    flow: Any = ray.remote(num_cpus=0)(Flow).remote(*arguments) if remote else Flow(*arguments)
    roll = roll or Roll()
    asked = came = time.monotonic()
    stopped = math.inf
    try:
        while True:
            finished = _from_afar(ray, flow, on_wait) if remote else flow.take(POLL_SECONDS)
            if finished is None:
                signs, roll.machines = ray.get(flow.last.remote()) if remote else flow.last()
                roll.hear(signs)
                return
            if finished:
                # Skipped rows are no sign of work: tens of thousands of them would keep the flow for minutes.
                came = time.monotonic() if any(row.get("status") != "skipped" for row in finished) else came
                yield finished
            on_wait()
            if (now := time.monotonic()) - asked < SIGN_SECONDS:
                continue
            asked = now
            roll.hear(ray.get(flow.signs.remote()) if remote else flow.signs())
            if stopping() and math.isinf(stopped):
                stopped = now
                _ = ray.get(flow.drain.remote()) if remote else flow.drain()
            if now - stopped > HEARD_SECONDS and now - came > QUIET_SECONDS and not roll.at_work():
                return
    finally:
        if remote:
            ray.kill(flow)
        else:
            flow.stop()


def _from_afar(ray: Any, flow: Any, on_wait: Callable[[], None]) -> list[dict[str, Any]] | None:
    """What `Flow.take` gives, asked of a flow on the cluster."""
    answer = flow.take.remote(1.0)
    while not ray.wait([answer], timeout=POLL_SECONDS)[0]:
        on_wait()
    return ray.get(answer)


class Flow:
    """A Ray Data execution whose rows are pulled by a thread, so that whoever waits for them need not wait long.

    Args: as `run_flow`.
    """

    def __init__(self, rows: pa.Table, steps: Sequence[Step], alone: bool, stall_timeout: float, quick: int) -> None:
        _be_quiet(stall_timeout)
        clear_signs()
        self._dataset = _dataset(rows, steps, alone, quick)
        self._executor: Any = None
        self._catch_executor()
        self._ready: queue.Queue[pa.Table | BaseException | None] = queue.Queue(maxsize=4)
        self._watch = SetUpWatch(StageWorker.__name__, sum(step.pool.workers for step in steps))
        self._telling, self._asked = any(getattr(step.stage, "TELLS", False) for step in steps), time.monotonic()
        if self._telling:
            take_notes()  # of an earlier flow's rows
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._pull, name="flow", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> list[dict[str, Any]] | None:
        """Finished rows; notes on unfinished ones if none came within `timeout` seconds, None when all have come.

        A note is a row with `status` "note" (`pipeline.worker_notes`); only stages with `TELLS` leave any.

        Raises:
            WorkStopped: workers die before they are ready, again and again.
        """
        try:
            batch = self._ready.get(timeout=timeout)
        except queue.Empty:
            self._watch.check()
            return self._notes()
        if batch is None:
            return None
        if isinstance(batch, BaseException):
            raise batch
        columns = to_columns(batch)
        names = list(columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _notes(self) -> list[dict[str, Any]]:
        """What workers say of rows at which they are, asked about once a second."""
        if not self._telling or time.monotonic() - self._asked < NOTE_SECONDS:
            return []
        self._asked = time.monotonic()
        return [{"status": "note", **note} for note in take_notes()]

    def signs(self) -> list[Sign]:
        """The latest sign of life of every worker."""
        self._forget_statistics()
        return read_signs()

    def last(self) -> tuple[list[Sign], set[str]]:
        """At the end: the last signs, what died over a row among them, and Ray's names of the machines that are up."""
        import ray

        return read_signs(), {node["NodeID"] for node in ray.nodes() if node["Alive"]}

    def _forget_statistics(self) -> None:
        """Ray Data keeps a record of every block until the end, for a report that nobody asks for."""
        for operator in getattr(self._executor, "_topology", None) or ():
            getattr(operator, "_output_blocks_stats", []).clear()

    def drain(self) -> None:
        """Have the workers begin no further row."""
        ask_to_stop()

    def stop(self) -> None:
        """End the execution, and wait until its threads have ended.

        Unfinished, it would keep its workers busy until the garbage collector finds it; and a thread of it that is
        still in Ray when Ray shuts down takes the whole process along, without a word and with exit code 1.
        """
        self._given_up.set()
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            executor = self._executor
            if executor is not None:
                executor.shutdown(force=True)  # before it has started this does nothing, hence again and again
            self._thread.join(timeout=0.5)
            if not self._thread.is_alive() and (executor is None or not executor.is_alive()):
                return

    def _catch_executor(self) -> None:
        """Keep the execution's executor from the moment it is made: Ray Data keeps it only from its first rows on."""
        create = self._dataset._create_executor

        def create_and_keep() -> Any:
            self._executor = create()
            return self._executor

        self._dataset._create_executor = create_and_keep

    def _pull(self) -> None:
        last: BaseException | None = None
        try:
            for batch in self._dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                self._hand_over(batch)
                if self._given_up.is_set():
                    return
        except BaseException as error:
            last = error
        self._hand_over(last)

    def _hand_over(self, item: pa.Table | BaseException | None) -> None:
        while not self._given_up.is_set():
            try:
                return self._ready.put(item, timeout=1.0)
            except queue.Full:
                continue


def _dataset(rows: pa.Table, steps: Sequence[Step], alone: bool, quick: int) -> Any:
    """The steps as Ray Data has them; nothing runs yet."""
    import ray
    from ray.data import ActorPoolStrategy

    dataset: ray.data.Dataset = ray.data.from_arrow(_blocks(rows, steps[0], alone, quick))
    for step in steps:
        with warnings.catch_warnings():  # `ray_remote_args_fn` is to go in Ray 2.64; 2.60 has no other way
            warnings.simplefilter("ignore")
            dataset = dataset.map_batches(
                StageWorker,
                fn_constructor_args=(step.stage, step.settings, step.limit),
                batch_size=1 if alone else step.batch,
                batch_format="pyarrow",
                zero_copy_batch=True,
                compute=ActorPoolStrategy(size=step.pool.workers, max_tasks_in_flight_per_actor=1 if alone else 2),
                num_cpus=step.pool.cpus,
                num_gpus=step.pool.gpus,
                ray_remote_args_fn=_no_retries,
            )
    return dataset


def _no_retries() -> dict[str, Any]:
    """A worker that dies is replaced, but what it worked on is not given to the next one: that would die as well."""
    return {"max_restarts": -1, "max_task_retries": 0}


def _blocks(rows: pa.Table, first: Step, alone: bool, quick: int) -> list[pa.Table]:
    """Rows in portions: small enough that every worker has some, large enough that a million rows are no burden."""
    blocks = []
    for part, most in ((rows.slice(0, rows.num_rows - quick), ROWS), (rows.slice(rows.num_rows - quick), QUICK_ROWS)):
        size = 1 if alone else max(1, min(most, math.ceil(part.num_rows / (4 * first.pool.workers))))
        blocks += [part.slice(start, size) for start in range(0, part.num_rows, size)]
    return blocks


def _be_quiet(stall_timeout: float) -> None:
    """Ray Data's own settings: no progress bars, no advice, blocks that leave as soon as they are made."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.enable_operator_progress_bars = False
    context.enable_auto_log_stats = False
    context.execution_options.preserve_order = False
    context.target_max_block_size = BLOCK_BYTES
    context.max_errored_blocks = -1
    context.execution_no_progress_timeout_s = stall_timeout
    for name in ("ray", "ray.data"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
