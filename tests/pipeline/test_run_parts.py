"""The end of a run at which nothing can be written."""

from pathlib import Path

import pytest

from common.errors import WorkStopped
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from pipeline.output.event_log import Event, EventLog
from pipeline.output.ledger import Ledger
from pipeline.run import run
from pipeline.run.counts import RowCounts
from tests.pipeline.material import write_job


def test_results_that_cannot_be_written_stop_a_run_with_a_sentence_and_an_interrupted_one_says_so(
    tmp_path: Path,
) -> None:
    checked = check_job(load_job(write_job(tmp_path), ["output=mount"]))
    (tmp_path / "mount").touch()  # what is under the mount that went away
    ledger, counts = Ledger(checked.job.output), RowCounts([None] * len(checked.manifest))
    heard: list[Event] = []
    with EventLog(listeners=[heard.append]) as events:
        with pytest.raises(WorkStopped, match="results.parquet cannot be written: Not a directory"):
            run._store(checked, ledger, counts, events, bearable=False)
        assert heard == []
        assert not run._store(checked, ledger, counts, events, bearable=True)
    assert [event["event"] for event in heard] == ["warning"]
    assert "results.parquet cannot be written" in heard[0]["message"]
