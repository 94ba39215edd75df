"""What is known of a run's rows while they are at work."""

import time
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.outages import Witnesses
from pipeline.resources import Layout
from pipeline.signs_of_life import Roll


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


@dataclass
class AtWork:
    """What a flow learns on its way.

    Attributes:
        rows, tally, roll: as in `TargetFlow.run`; the roll is of the present workers.
        layout: of the present workers.
        witnesses: pictures that could be read.
        timed_out: ids over which an earlier pass's workers were ended.
        messages: for a row whose video had nowhere to go, what its worker said.
        blocked: such rows one after another.
        excused: how often a row got lost by itself though no worker died over it.
        away_since: when what went away was first missed; None once a video is made again.
        signs_written: when `workers.json` was.
        stop_told: whether it was said that the run is stopping.
        looked: when machines were last looked at. grown: how often in a row there were more of them.
    """

    rows: pa.Table
    tally: Tally
    roll: Roll
    layout: Layout
    witnesses: Witnesses = field(default_factory=Witnesses)
    timed_out: set[str] = field(default_factory=set)
    messages: dict[int, str] = field(default_factory=dict)
    blocked: int = 0
    excused: Counter[int] = field(default_factory=Counter)
    away_since: float | None = None
    signs_written: float = 0.0
    stop_told: bool = False
    looked: float = field(default_factory=time.monotonic)
    grown: int = 0

    def missing(self) -> list[int]:
        """Orders of the rows of which nothing is known."""
        return [order for order, key in enumerate(self.tally.keys) if key is None]

    def made(self, order: int) -> None:
        """A row's video stands: nothing is away."""
        self.blocked, self.away_since = 0, None
        self.witnesses.note(str(self.rows["image"][order].as_py()))

    def new_workers(self, roll: Roll) -> None:
        """Another pass begins; who timed out in the last one stays known."""
        self.timed_out |= self.roll.timed_out
        self.roll = roll

    def ran_out_of_time(self, row: str) -> bool:
        """Whether the watch ended the worker of a row that is lost."""
        return row in self.timed_out or self.roll.ran_out_of_time(row)
