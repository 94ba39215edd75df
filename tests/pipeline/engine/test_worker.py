"""A worker without Ray around it."""

import numpy as np
import pytest

from pipeline.engine.worker import Worker
from stages.base import Row, RowStatus, Stage, StepProgress
from tests.pipeline.tiny_stages import Counting


class Doubling(Stage):
    """Doubles an array, and refuses what it is told to."""

    def __init__(self, settings: int) -> None:
        self.factor = settings

    def process(self, row: Row) -> Row:
        if row.get("bad"):
            raise ValueError("a row that\nnobody expected")
        return row | {"array": self.factor * row["array"]}


@pytest.fixture
def worker() -> Worker:
    worker = Worker()
    worker.setup(Doubling, 2)
    return worker


def test_arrays_that_another_worker_left_are_put_into_their_rows(worker: Worker) -> None:
    (row,) = worker.process([{"id": "a"}], {"array": np.ones(3)})
    assert row["id"] == "a"
    np.testing.assert_array_equal(row["array"], [2, 2, 2])


def test_rows_and_their_arrays_go_apart_and_each_row_has_its_own(worker: Worker) -> None:
    rows, *arrays = worker.process_apart([{"id": name, "array": np.full(2, at)} for at, name in enumerate("ab")])
    assert rows == [{"id": "a"}, {"id": "b"}]
    np.testing.assert_array_equal([one["array"] for one in arrays], [[0, 0], [2, 2]])


def test_what_a_stage_did_not_expect_fails_its_rows_and_leaves_their_arrays_behind(worker: Worker) -> None:
    rows, arrays = worker.process_apart([{"id": "a", "array": np.ones(3), "bad": True}])
    assert arrays == {}
    assert rows[0]["status"] == RowStatus.FAILED and rows[0]["reason"] == "internal_error"
    assert rows[0]["message"] == "ValueError: a row that nobody expected"
    assert "array" not in rows[0]


def test_progress_comes_before_the_row() -> None:
    worker = Worker()
    worker.setup(Counting, None)
    *progress, row = worker.follow({"index": 5, "steps": 2})
    assert progress == [StepProgress(1, 1.0), StepProgress(2, 0.5)]
    assert isinstance(row, dict) and row["index"] == 5
    (failed,) = worker.follow({"index": 6})
    assert isinstance(failed, dict) and failed["status"] == RowStatus.FAILED


def test_a_stage_that_tells_steps_can_be_run_without() -> None:
    assert Counting(None).process({"index": 1, "steps": 1})["index"] == 1
