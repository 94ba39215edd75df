"""What runs in a worker's process: one stage, and the rows that the driver hands it."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from common.errors import Reason
from common.redaction import describe_error
from pipeline.engine.table import Place
from stages.base import Row, RowStatus, Stage, StepProgress, StepwiseStage


class Worker:
    """An actor. It is made empty and set up by a call, so that what the set-up raises reaches the driver as it is."""

    def __init__(self) -> None:
        self._stage: Any = None
        gc.disable()  # until the stage is imported: it leaves no garbage, and looking for it takes a tenth of the time

    def locate(self) -> Place:
        """Where this process runs; the first call, answered as soon as there is one."""
        import ray

        return Place(os.uname().nodename, os.getpid(), ray.get_runtime_context().get_node_id())

    def setup(self, stage: type[Stage], settings: Any) -> None:
        """Make the stage: load its networks, in place of those of the stage before.

        Raises:
            Exception: whatever the stage's constructor raises.
        """
        gc.enable()
        os.environ["HOME"] = os.environ.get("MICROMOTION_HOME", os.environ["HOME"])  # Ray's processes have their own
        self._stage = None  # two stages' networks need not fit the memory
        self._stage = stage(settings)  # type: ignore[call-arg]

    def ping(self) -> None:
        """Answer, and do nothing."""

    def process(self, rows: list[Row], *carried: Row) -> list[Row]:
        """Run rows through the stage.

        Args:
            rows: without their arrays, where another worker made those.
            carried: the arrays of each row, fetched by Ray from where they lie.
        """
        whole = [row | arrays for row, arrays in zip(rows, carried, strict=True)] if carried else rows
        try:
            return self._stage.process_rows(whole)
        except Exception as error:  # a fault in a stage fails its rows and ends no worker
            return [_fail(row, error) for row in rows]

    def process_apart(self, rows: list[Row]) -> list[Any]:
        """Run rows through the stage, and return their arrays apart: those stay here until another worker fetches them.

        Returns:
            The rows without arrays, and then for each row its arrays.
        """
        processed = self.process(rows)
        arrays = [{name: value for name, value in row.items() if isinstance(value, np.ndarray)} for row in processed]
        plain = [
            {name: value for name, value in row.items() if name not in apart}
            for row, apart in zip(processed, arrays, strict=True)
        ]
        return [plain, *arrays]

    def follow(self, row: Row) -> Iterator[StepProgress | Row]:
        """Run one row through a stage that reports progress; the last item is the row."""
        assert isinstance(self._stage, StepwiseStage), "other stages have nothing to tell"
        try:
            steps = self._stage.steps(row)
            while True:
                try:
                    yield next(steps)
                except StopIteration as end:
                    yield end.value
                    return
        except Exception as error:  # as in `process`
            yield _fail(row, error)


def _fail(row: Row, error: Exception) -> Row:
    """A row that its stage did not expect; without crops and the like, which nobody will use."""
    kept = {name: value for name, value in row.items() if not isinstance(value, np.ndarray)}
    message = f"{type(error).__name__}: {describe_error(error)}"
    return kept | {"status": RowStatus.FAILED, "reason": Reason.INTERNAL_ERROR, "message": message, "key": ""}
