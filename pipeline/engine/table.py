"""The driver's table of workers: where each is, what it has in hand, and when it last answered."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any, NamedTuple

from pipeline.cluster.sizing import PoolSize
from stages.base import Row, StepProgress


class Place(NamedTuple):
    """Where a worker runs: its machine's name, its process, and what Ray calls the machine."""

    machine: str
    process: int
    node: str


class State(Enum):
    """What a worker does; `IN_DOUBT`: it does not answer, and Ray does not know yet whether it is alive."""

    STARTING = auto()
    LOADING = auto()
    IDLE = auto()
    BUSY = auto()
    IN_DOUBT = auto()


class LostCause(StrEnum):
    """Why rows did not come back: their worker died over them, was ended over its time, or it was not their fault."""

    DIED = "died"
    TIMED_OUT = "timed out"
    EXCUSED = "excused"


@dataclass(frozen=True)
class LostRows:
    """Rows that were lost together, and why."""

    rows: list[Row]
    cause: LostCause


@dataclass(frozen=True)
class Answer:
    """A call's answer: finished rows, references to their arrays, and lost rows or progress."""

    rows: Sequence[Row] = ()
    carried: Sequence[Any] = ()
    lost: LostRows | None = None
    progress: tuple[Row, StepProgress] | None = None


@dataclass(eq=False)
class Member:
    """A worker of a pool.

    Attributes:
        actor: Ray's handle. answer: what its present call will give; None while it is idle.
        share: the cores and GPUs that it was started with, as a pool of its kind has them.
        rows: what it has in hand. carried: references to the arrays that its call leaves behind.
        began: answers before `rows` are begun, where the worker had been idle; None else.
        since: when it came into its state, or last reported progress.
        retiring: it is one too many, and leaves after the rows that it has in hand.
    """

    actor: Any
    answer: Any
    share: PoolSize
    place: Place | None = None
    state: State = State.STARTING
    rows: list[Row] = field(default_factory=list)
    carried: list[Any] = field(default_factory=list)
    began: Any = None
    since: float = field(default_factory=time.monotonic)
    retiring: bool = False

    def enter(self, state: State, answer: Any = None) -> None:
        """Change the state; `answer` is the call that ends the new one."""
        self.state, self.answer, self.since = state, answer, time.monotonic()


def workers_json(stage: str, members: Iterable[Member]) -> list[dict[str, Any]]:
    """The workers as `workers.json` has them, for `status`; those that are not there yet are left out."""
    now, clock = time.monotonic(), time.time()
    return [
        {
            "stage": stage,
            "node": member.place.machine,
            "process": member.place.process,
            "rows": [str(row.get("id", row.get("index", ""))) for row in member.rows],
            "since": now - member.since if member.rows else 0.0,
            "heard": clock - (now - member.since),
        }
        for member in members
        if member.place is not None
    ]
