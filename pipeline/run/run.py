"""Running a job: check everything, start Ray, extract the motions, make the videos, write the results.

| exit code | meaning |
|---|---|
| 0 | every row has its video |
| 3 | finished, and some rows failed |
| 130 | interrupted; resume by running the same command again |

The user's own mistakes (2) and everything else (1) leave `run_job` as exceptions.
"""

import shutil
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from common import storage
from common.errors import RESUME, MicromotionError, UserError, WorkStopped
from common.redaction import describe_error
from manifests.misspelt_columns import misspelt_notes
from manifests.strengths import strength_notes
from pipeline.job.checks import Checked, check_job
from pipeline.job.image_checks import check_there
from pipeline.job.spec import JobSpec
from pipeline.output.event_log import EventLog
from pipeline.output.folder import clear_leftovers, prepare_folder, reject_unwritable
from pipeline.output.ledger import Ledger
from pipeline.output.lock import OutputLock
from pipeline.output.redacted_files import write_table
from pipeline.output.results import collect_results
from pipeline.output.verify_videos import remove_videos, verify_videos
from pipeline.report.row_groups import count_far_from_motion
from pipeline.run.counts import RowCounts
from pipeline.run.signals import Interruption


@dataclass(frozen=True)
class RunSummary:
    """How a run ended: rows done now, kept from before and failed; frames rendered; seconds; exit code; the folder."""

    done: int
    kept: int
    failed: int
    frames: int
    seconds: float
    exit_code: int
    output: Path


def run_job(
    job: JobSpec,
    events: EventLog,
    *,
    fresh: bool = False,
    retry: Collection[str] | None = None,
    prune: bool = False,
    verify: bool = False,
) -> RunSummary:
    """Run a job to its end, or resume it.

    Args:
        job: as `load_job` gives it.
        events: where progress is reported; `log.jsonl` in the output folder becomes its file.
        fresh: forget what the output folder holds, and start anew.
        prune: remove videos of rows that the manifest no longer has.
        verify: read every finished video, and make those again whose bytes are not those that were written.
        retry: try rows again that failed in earlier runs: those with one of these reasons, or all if it is empty.

    Returns:
        How it ended; an interrupted run too.

    Raises:
        UserError: the job is wrong; nothing was started.
        WorkStopped: the cluster or every worker failed; what is done is kept.
    """
    started, said = time.monotonic(), set[str]()
    with _warnings_as_events(events, said):
        checked = check_job(job)
        for note in strength_notes(checked.manifest, job.video.strength) + misspelt_notes(checked.manifest):
            warnings.warn(note, stacklevel=2)
        if job.cluster.address == "local" and not any((job.output / "ledger").glob("part-*")):
            # A run that goes on waits for a share that went away; one that begins has its paths wrong.
            check_there(checked.manifest, checked.rows["image"].to_pylist())
    # With PyTorch, whose import takes two seconds: a job that is refused does not wait for it.
    from pipeline.run.work import Work

    is_new = not job.output.exists()
    with reject_unwritable(job.output):
        job.output.mkdir(parents=True, exist_ok=True)
    interruption = Interruption()
    with (
        _remove_if_refused(job.output, is_new),
        OutputLock(job.output),
        interruption.listening(),
        _warnings_as_events(events, said),
    ):
        with reject_unwritable(job.output):
            events.open(job.output / "log.jsonl")
            checked = prepare_folder(checked, events, fresh, prune)
            ledger = Ledger.open(job.output, job.videos)
            if verify:
                _remove_damaged(ledger, events)
        counts = RowCounts([None] * len(checked.manifest))
        try:
            Work(checked, ledger, counts, events, interruption, retry).run()
            exit_code = 3 if counts.failed else 0
        except KeyboardInterrupt:
            exit_code = 130
        except MicromotionError as error:
            left = len(counts.keys) - counts.seen
            events.emit("run_interrupted", **_row_counts(counts), remaining=left, cause=describe_error(error))
            raise
        finally:
            with interruption.graceful():  # it is over soon: what is known has to be stored, whoever wants to stop
                results = _store(checked, ledger, counts, events, bearable=interruption.asked)
        seconds, far = time.monotonic() - started, 0
        if results is not None:
            with interruption.graceful():
                far = _report(job.output, results, events)
        ended = _row_counts(counts)
        fields = ended | {"far_from_motion": far}
        if exit_code == 130:
            events.emit("run_interrupted", **fields, remaining=len(counts.keys) - counts.seen)
        else:
            events.emit("run_finished", **fields, frames=counts.frames, seconds=seconds, exit_code=exit_code)
    return RunSummary(**ended, frames=counts.frames, seconds=seconds, exit_code=exit_code, output=job.output)


@contextmanager
def _remove_if_refused(output: Path, is_new: bool) -> Iterator[None]:
    """Remove a new output folder where the run is refused, unless it shows the motion's anchors."""
    try:
        yield
    except UserError:
        if is_new and not list(output.rglob("*.png")):
            shutil.rmtree(output, ignore_errors=True)
        raise


def _remove_damaged(ledger: Ledger, events: EventLog) -> None:
    """Compare finished videos with their hashes, and remove those that differ: the run then makes them again."""
    found = verify_videos(ledger)
    remove_videos(ledger, found.changed)
    again = "; made again" if found.changed else ""
    events.emit("verified", message=f"{found.sentence}{again}")


def _store(checked: Checked, ledger: Ledger, counts: RowCounts, events: EventLog, bearable: bool) -> pa.Table | None:
    """Write the last rows of the ledger, and `results.parquet`; returns the results, or None where they cannot be.

    Args:
        bearable: a run that was asked to stop has stopped all the same, and only says what it could not write.

    Raises:
        WorkStopped: there is no room for it.
    """
    path = checked.job.output / "results.parquet"
    try:
        ledger.flush()
        results = collect_results(checked.manifest.table, counts.keys, ledger.rows())
        write_table(path, results)
    except OSError as error:
        message = f"{path} cannot be written: {storage.describe_io_error(error)}. Make room. {RESUME}"
        if not bearable:
            raise WorkStopped(message) from error
        events.emit("warning", message=message)
        return None
    with suppress(OSError, UserError):
        clear_leftovers(checked.job)  # of workers that died; the next run would do it too
    return results


def _report(output: Path, results: pa.Table, events: EventLog) -> int:
    """Write the report; its failure does not fail the run. Returns how many videos it names as far from the motion."""
    from pipeline.report.html import write_report  # it draws motions, which are tensors of PyTorch

    try:
        write_report(output)
        return count_far_from_motion(results)
    except Exception as error:  # the videos are made: nothing in a report may fail the run
        events.emit(
            "warning", message=f"report.html was not written ({type(error).__name__}: {describe_error(error)})."
        )
        return 0


def _row_counts(counts: RowCounts) -> dict[str, Any]:
    return {"done": counts.done, "kept": counts.kept, "failed": counts.failed}


@contextmanager
def _warnings_as_events(events: EventLog, said: set[str]) -> Iterator[None]:
    """Report the driver's Python warnings as events, each once in a run."""

    def tell(message: Warning | str, *others: Any, **named: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            events.emit("warning", message=str(message))

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield
