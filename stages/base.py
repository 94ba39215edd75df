"""The contract of a stage, and the row that travels between stages."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

# Plain values and NumPy arrays by column name.
Row = dict[str, Any]


class RowStatus(StrEnum):
    """How far a row is, or how it ended.

    `READY`: its face is found, and it waits for its video. `KEPT`: finished by an earlier run. `DONE`: its video
    stands. `FAILED`: for a `Reason`. `BLOCKED`: its video had nowhere to go, through no fault of the row. `MISSING`:
    the run ended before its turn.
    """

    READY = "ready"
    KEPT = "kept"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    MISSING = "missing"


class Target(NamedTuple):
    """Which video: a row's id, and the content key of what it is made from (`stages.align_faces.content_key`)."""

    id: str
    key: str


@dataclass(frozen=True)
class StepProgress:
    """The progress of a row in a stage: steps taken so far, and the loss after them."""

    step: int
    loss: float


class Stage(ABC):
    """Work on rows, one by one.

    A worker makes its stage once, with settings that can be pickled; what the constructor raises ends the run. From
    then on it gives rows to the stage, each a dict that the stage does not change. A stage turns what goes wrong with
    a row into a row (`RowStatus.FAILED`); what it raises all the same fails every row that was handed in with it.
    """

    @abstractmethod
    def process(self, row: Row) -> Row:
        """The row with the columns that this stage adds."""

    def process_rows(self, rows: list[Row]) -> list[Row]:
        """Several rows, in their order; for stages that are quicker with several at once."""
        return [self.process(row) for row in rows]


class StepwiseStage(Stage):
    """A stage that takes minutes for a row and reports its progress."""

    @abstractmethod
    def steps(self, row: Row) -> Generator[StepProgress, None, Row]:
        """Work on a row; its progress on the way, and at the end the row."""

    def process(self, row: Row) -> Row:
        """The same, without reporting progress."""
        return finish(self.steps(row))


def finish(steps: Generator[StepProgress, None, Row]) -> Row:
    """Take all steps, and give the row at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
