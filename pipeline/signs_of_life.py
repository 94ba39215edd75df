"""What every worker is at, told once a second; and the end of one that stays too long at one thing.

Signs go through Ray's own key-value store, one key for each life of a worker: a worker that died is started again by
Ray under its old name, and its last sign tells what it died over. The same store holds the driver's word to stop.

A decoder that hangs inside a C library may hold Python's lock for ever. Then no thread of ours runs any more, the
signs stop, and the watchdog of `faulthandler`, which needs no lock, ends the process.
"""

import faulthandler
import json
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

PREFIX = "micromotion-sign-"
STOP = b"micromotion-stop"
TELL_SECONDS = 1.0
# A worker with nothing new to say repeats itself so often; one that is silent for much longer is dead, or stuck.
REPEAT_SECONDS = 5.0
SILENT_SECONDS = 20.0
# The thread that tells strikes at the limit itself; the watchdog only where that thread cannot run.
WATCHDOG_SECONDS = 5.0
FOREVER = 1e6

State = Literal["idle", "working", "timed out"]


@dataclass(frozen=True)
class Sign:
    """What a worker last said.

    Attributes:
        worker: its name, the same after it was started again. life: of this process alone.
        node, process: where it runs. machine: Ray's name of that node.
        stage: what it does.
        state: `timed out` is a worker's last word.
        rows: the ids that it has in hand.
        since: how long it has had them, in seconds.
        count: rises with every sign of a life.
    """

    worker: str
    life: str
    node: str
    process: int
    stage: str
    state: State = "idle"
    rows: tuple[str, ...] = ()
    since: float = 0.0
    count: int = 0
    machine: str = ""


class Telling:
    """A worker's side: tells from a thread of its own, and ends the process over what takes too long.

    Args:
        stage: what the worker does.
        limit: seconds that what it has in hand may take, one row or a few.
    """

    def __init__(self, stage: str, limit: float = FOREVER) -> None:
        import ray

        self._limit = limit
        self._own = Sign(
            ray.get_runtime_context().get_actor_id() or uuid.uuid4().hex,
            uuid.uuid4().hex,
            os.uname().nodename,
            os.getpid(),
            stage,
            machine=ray.get_runtime_context().get_node_id(),
        )
        self._at: tuple[tuple[str, ...], float] = ((), 0.0)
        self._told: tuple[str, ...] | None = None
        self._told_at, self._count = 0.0, 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._nowhere = Path(os.devnull).open("w")  # noqa: SIM115 (the watchdog may write to it at any time)
        threading.Thread(target=self._tell_on, name="signs of life", daemon=True).start()

    @property
    def stopping(self) -> bool:
        """Whether the driver wants no more rows begun."""
        return self._stop.is_set()

    @contextmanager
    def working(self, rows: Sequence[str]) -> Iterator[None]:
        """These rows are in hand for as long as the context lasts; told at once, for it may be the last word."""
        self._at = (tuple(rows), time.monotonic())
        self._tell("working")
        limit = min(self._limit + WATCHDOG_SECONDS, FOREVER)
        faulthandler.dump_traceback_later(limit, exit=True, file=self._nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._at = ((), 0.0)
            self._tell("idle")  # Ray ends a worker that has no more to do before the thread would come to it

    def _tell_on(self) -> None:
        """What the thread does: repeat the sign, look for the word to stop, and end the process in time."""
        while True:
            time.sleep(TELL_SECONDS)
            rows, begun = self._at
            now = time.monotonic()
            if rows and now - begun > self._limit:
                self._tell("timed out")
                os._exit(1)
            if rows != self._told or now - self._told_at >= REPEAT_SECONDS:
                self._tell("working" if rows else "idle")
            with suppress(Exception):
                if not self._stop.is_set() and _asked_to_stop():
                    self._stop.set()

    def _tell(self, state: State) -> None:
        with self._lock:
            rows, begun = self._at
            now = time.monotonic()
            self._count += 1
            since = now - begun if rows else 0.0
            with suppress(Exception):  # Ray is going down, or its store is away for a moment
                _put(replace(self._own, state=state, rows=rows, since=since, count=self._count))
                self._told, self._told_at = rows, now


class Roll:
    """The driver's side: what is known of all workers of a flow.

    Attributes:
        timed_out: ids of rows over which a worker was ended. Of several rows there is no telling which it was.
        machines: those that were up when the flow ended, by Ray's names.
    """

    def __init__(self, limit: float = FOREVER) -> None:
        self.timed_out: set[str] = set()
        self.machines: set[str] = set()
        self._fell: dict[str, str] = {}  # a row that a worker took along -> the machine it was on
        self._limit = limit
        self._heard: dict[str, tuple[Sign, float]] = {}  # life -> its latest sign, and when that was new to us
        self._past: set[str] = set()

    def hear(self, signs: Iterable[Sign]) -> None:
        """Take in the latest sign of every life."""
        now = time.monotonic()
        for sign in signs:
            if sign.life in self._past:
                continue
            known = self._heard.get(sign.life)
            if known is None or known[0].count != sign.count:
                self._heard[sign.life] = (sign, now)
            if sign.state == "timed out":
                self._note_timed_out(sign)
        latest = {sign.worker: life for life, (sign, at) in sorted(self._heard.items(), key=lambda item: item[1][1])}
        for life, (sign, at) in list(self._heard.items()):
            if latest[sign.worker] != life:  # started again since
                if now - at > self._limit:
                    self._note_timed_out(sign)
                self._fell |= dict.fromkeys(sign.rows, sign.machine)
                self._past.add(life)
                del self._heard[life]

    def alive(self) -> list[tuple[Sign, float]]:
        """The workers, and seconds since each was last heard of."""
        now = time.monotonic()
        return [(sign, now - at) for sign, at in self._heard.values() if sign.state != "timed out"]

    def at_work(self) -> bool:
        """Whether any worker that can still be heard has rows in hand."""
        return any(sign.state == "working" and silence < SILENT_SECONDS for sign, silence in self.alive())

    def ran_out_of_time(self, row: str) -> bool:
        """Whether a row that got lost was lost because its time was over."""
        return row in self.timed_out or any(
            sign.rows == (row,) and silence > self._limit for sign, silence in self.alive()
        )

    def fell_with(self, row: str) -> bool:
        """After a flow: whether a worker died over a row, and not for want of the machine that it was on."""
        machine = next((sign.machine for sign, _ in self._heard.values() if row in sign.rows), self._fell.get(row))
        return machine in self.machines

    def _note_timed_out(self, sign: Sign) -> None:
        if len(sign.rows) == 1:
            self.timed_out.update(sign.rows)


def read_signs() -> list[Sign]:
    """The latest sign of every life that has given one since `clear_signs`."""
    from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_list

    signs = []
    for key in _internal_kv_list(PREFIX):
        if (content := _internal_kv_get(key)) is not None:
            said = json.loads(content)
            signs.append(Sign(**{**said, "rows": tuple(said["rows"])}))
    return signs


def clear_signs() -> None:
    """Before a flow: what an earlier one left is not of its workers, and its word to stop does not count."""
    from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_list

    for key in _internal_kv_list(PREFIX):
        _internal_kv_del(key)
    _internal_kv_del(STOP)


def ask_to_stop() -> None:
    """Tell all workers to finish what they have in hand and begin nothing more."""
    from ray.experimental.internal_kv import _internal_kv_put

    _internal_kv_put(STOP, b"1", overwrite=True)


def _asked_to_stop() -> bool:
    from ray.experimental.internal_kv import _internal_kv_exists

    return bool(_internal_kv_exists(STOP))


def _put(sign: Sign) -> None:
    from ray.experimental.internal_kv import _internal_kv_put

    _internal_kv_put(f"{PREFIX}{sign.life}", json.dumps(asdict(sign)).encode(), overwrite=True)
