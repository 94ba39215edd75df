"""Running a job: check everything, start Ray, extract the movements, make the videos, write the results.

| exit code | meaning |
|---|---|
| 0 | every row has its video |
| 3 | finished, and some rows failed |
| 130 | interrupted; the same command goes on from there |

The user's own mistakes (2) and everything else (1) leave `run_job` as exceptions.
"""

import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.anchor_pictures import losses_path
from pipeline.changes import change_told
from pipeline.checks import (
    Checked,
    check_job,
    target_digest,
    video_settings,
)
from pipeline.events import EventLog
from pipeline.extract import AtWork, extract_into
from pipeline.failures import explained
from pipeline.image_look import check_there
from pipeline.interruption import Interruption
from pipeline.job import JobSpec
from pipeline.ledger import Ledger
from pipeline.nodes import check_nodes_store, check_nodes_weights, check_nodes_write
from pipeline.outcomes import Outcomes
from pipeline.output import clear_leftovers, forget, kept_going, usable, write_job
from pipeline.output_lock import OutputLock
from pipeline.plan import layout_for, layout_now
from pipeline.ray_session import ray_session
from pipeline.report import write_report
from pipeline.resources import Layout, Node
from pipeline.results import collect_results
from pipeline.space import space_for
from pipeline.standing import Standing, ready_digests, standing
from pipeline.stray_videos import remove, stray_videos, strays_told
from pipeline.tally import Tally
from pipeline.target_flow import TargetFlow
from pipeline.unchanged import take_in_unchanged
from stages import storage
from stages.base import Target
from stages.durable import replacing
from stages.errors import MicromotionError, UserError, WorkStopped
from stages.messages import told
from stages.prepare import Prepare, PrepareSettings
from stages.produce import Produce, ProduceSettings
from stages.subspace import Micromotion, load_micromotion


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
) -> RunSummary:
    """Run a job to its end, or go on with it.

    Args:
        job: as `load_job` gives it.
        events: where progress is told; `log.jsonl` in the output folder becomes its file.
        fresh: forget what the output folder holds, and start anew.
        prune: remove videos of rows that the manifest no longer has.
        retry: try rows again that failed in earlier runs: those with one of these reasons, or all if it is empty.

    Returns:
        How it ended; an interrupted run too.

    Raises:
        UserError: the job is wrong; nothing was started.
        WorkStopped: the cluster or every worker failed; what is done is kept.
    """
    started = time.monotonic()
    with _told(events):
        checked = check_job(job)
        if job.cluster.address == "local" and not any((job.output / "ledger").glob("part-*")):
            # A run that goes on waits for a share that went away; one that begins has its paths wrong.
            check_there(checked.manifest, checked.rows["image"].to_pylist())
    with usable(job.output):
        job.output.mkdir(parents=True, exist_ok=True)
    interruption = Interruption()
    with OutputLock(job.output), interruption.listening(), _told(events):
        with usable(job.output):
            events.open(job.output / "log.jsonl")
            if fresh:
                checked = forget(checked, events)
            if not job.videos:
                (job.output / "videos").mkdir(exist_ok=True)
            clear_leftovers(job)
            _look_for_strays(checked, events, prune)
            ledger = Ledger.open(job.output, job.videos)
        tally = Tally([None] * len(checked.manifest))
        try:
            _Run(checked, ledger, tally, events, interruption, retry).work()
            exit_code = 3 if tally.failed else 0
        except KeyboardInterrupt:
            exit_code = 130
        except MicromotionError:
            events.emit("run_interrupted", **_counted(tally), remaining=len(tally.keys) - tally.seen)
            raise
        finally:
            with interruption.flow():  # it is over soon: what is known has to be stored, whoever wants to stop
                stored = _stored(checked, ledger, tally, events, bearable=interruption.asked)
        seconds = time.monotonic() - started
        if stored:
            with interruption.flow():
                _report(job, events)
        ended = _counted(tally)
        if exit_code == 130:
            events.emit("run_interrupted", **ended, remaining=len(tally.keys) - tally.seen)
        else:
            events.emit("run_finished", **ended, frames=tally.frames, seconds=seconds, exit_code=exit_code)
    return RunSummary(**ended, frames=tally.frames, seconds=seconds, exit_code=exit_code, output=job.output)


def _look_for_strays(checked: Checked, events: EventLog, prune: bool) -> None:
    """Say which videos are of no row any more, and remove them where that was asked for."""
    if checked.job.videos or not (strays := stray_videos(checked.job.output, checked.rows["id"].to_pylist())):
        return
    if prune:
        remove(strays)
        events.emit("warning", message=f"--prune: removed {len(strays):,} of {checked.job.output / 'videos'}.")
    else:
        events.emit("warning", message=f"videos {strays_told(strays)}.")


def _stored(checked: Checked, ledger: Ledger, tally: Tally, events: EventLog, bearable: bool) -> bool:
    """Make what is known durable: the last rows of the ledger, and `results.parquet`; whether that could be done.

    Args:
        bearable: a run that was told to stop has stopped all the same, and only says what it could not write.

    Raises:
        WorkStopped: there is no room for it.
    """
    path = checked.job.output / "results.parquet"
    try:
        ledger.flush()
        results = collect_results(checked.manifest.table, tally.keys, ledger.rows())
        with replacing(path) as temporary:
            pq.write_table(results, temporary)
    except OSError as error:
        message = (
            f"{path} cannot be written: {storage.why(error)}. The videos that are whole stay; when there is room, "
            "the same command goes on."
        )
        if not bearable:
            raise WorkStopped(message) from error
        events.emit("warning", message=message)
        return False
    with suppress(OSError, UserError):
        clear_leftovers(checked.job)  # of workers that died; the next run would do it too
    return True


def _report(job: JobSpec, events: EventLog) -> None:
    """The report is made of the results: should it fail, they stand all the same."""
    try:
        write_report(job.output)
    except Exception as error:
        events.emit("warning", message=f"report.html was not written ({type(error).__name__}: {told(error)}).")


@dataclass(frozen=True)
class _Run:
    """A run at work: what was asked, what is known, and where it is told."""

    checked: Checked
    ledger: Ledger
    tally: Tally
    events: EventLog
    interruption: Interruption
    retry: Collection[str] | None

    def work(self) -> None:
        """Make what is missing; Ray is started only where something is."""
        checked, events = self.checked, self.events
        digests, stands = ready_digests(checked), standing(checked)
        finished = stands.kept | stands.failed | stands.unreadable
        if self.retry is None and digests.keys() >= checked.motions.keys() and len(finished) == len(checked.manifest):
            self._announce(stands)
            self._ready_motions()
            self._look(stands, digests)
            if not self.tally.missing():
                return
        with ray_session(checked.job.cluster) as nodes:
            layout = layout_for(checked, nodes)
            if checked.job.cluster.address != "local":
                check_nodes_store(checked.job.videos) if checked.job.videos else check_nodes_write(checked.job.output)
                check_nodes_weights(checked.model)
            if self.tally.seen:
                events.emit("workers", workers=layout.sentence)
            else:
                self._announce(stands, layout.sentence)
            with self.interruption.flow(), explained():
                self._make(nodes, layout, stands)

    def _announce(self, stands: Standing, workers: str = "") -> None:
        """Say that the run begins, what it is, and what it will change."""
        job, checked = self.checked.job, self.checked
        self.events.emit(
            "run_started",
            job=job.name,
            output=job.output,
            rows=len(checked.manifest),
            kept=len(stands.kept),
            workers=workers,
            address=job.cluster.address,
            videos=storage.shown(job.videos) if job.videos else "",
        )
        if change := change_told(checked, stands):
            self.events.emit("warning", message=change)
        if not (space := space_for(checked, stands)).enough:
            self.events.emit("warning", message=f"{job.output} is likely to run full: {space.sentence}.")
        write_job(checked, {name: plan.ready for name, plan in checked.motions.items()})

    def _ready_motions(self, nodes: list[Node] | None = None) -> dict[str, Micromotion]:
        """Every movement of the job, in the output folder and in memory; made only where it is not there already."""
        checked, cluster = self.checked, self.checked.job.cluster
        if checked.job.rehearsal:
            return {}
        motions: dict[str, Micromotion] = {}
        for name, plan in checked.motions.items():
            plan.path.parent.mkdir(parents=True, exist_ok=True)
            if plan.ready is not None:
                with kept_going(plan.path):
                    plan.ready.save(plan.path)
                if plan.spec.file is not None:
                    for picture in (plan.picture, losses_path(plan.picture)):
                        picture.unlink(missing_ok=True)  # of another movement, which this one replaces
            else:
                assert nodes is not None, "a movement that has to be made takes workers"
                iterations = checked.job.iterations
                at_work = AtWork(checked.model, cluster, nodes, self.events, self.interruption, iterations)
                extract_into(at_work, name, plan.spec, plan.path, plan.picture)
            motions[name] = load_micromotion(plan.path)
            motions[name].check(checked.model.generator, checked.model.num_layers)
            write_job(checked, motions)
        return motions

    def _look(self, stands: Standing, digests: Mapping[str, str]) -> None:
        """Take in what stands finished with the picture that it was made from."""
        failed = self._failed_before()
        outcomes = Outcomes(self.checked.rows, self.tally, self.ledger, self.events, digests, failed)
        outcomes.tell("started")
        # Pictures of a cluster need not be those that this machine sees under their names.
        unreadable = stands.unreadable if self.checked.job.cluster.address == "local" else frozenset[int]()
        done, timeout = self.ledger.done() | failed.keys(), self.checked.job.cluster.fetch_timeout
        for _ in take_in_unchanged(outcomes, range(len(self.checked.manifest)), unreadable, done, timeout):
            self.interruption.stop_here()
            outcomes.tell("progress")
        if not self.tally.missing():
            outcomes.tell("finished")

    def _failed_before(self) -> dict[Target, str]:
        """Failures that are not tried again."""
        if self.retry is not None and not self.retry:
            return {}
        done, failed = self.ledger.done(), self.ledger.failed()
        return {target: why for target, why in failed.items() if target not in done and why not in (self.retry or ())}

    def _make(self, nodes: list[Node], layout: Layout, stands: Standing) -> None:
        """The movements, and the videos that are missing."""
        checked, job, cluster = self.checked, self.checked.job, self.checked.job.cluster
        motions = self._ready_motions(nodes)
        self.interruption.stop_here()
        digests = {name: target_digest(motion, job, checked.model) for name, motion in motions.items()}
        known = ready_digests(checked)
        digests = digests or known
        if digests != known:
            stands = standing(checked, digests)
        failed = self._failed_before()
        files = checked.model.files
        prepare = PrepareSettings(
            model=replace(files, device=layout.prepare.device),
            digests=digests,
            done=self.ledger.done() | failed.keys(),
            fetch_timeout=cluster.fetch_timeout,
        )
        produce = ProduceSettings(
            model=replace(files, device=layout.produce.device),
            motions=motions,
            video=video_settings(job.video),
            output=str(job.output),
            videos=job.videos,
            iterations=job.iterations,
            row_timeout=cluster.row_timeout,
            fetch_timeout=cluster.fetch_timeout,
            rehearsal=job.rehearsal,
        )
        TargetFlow(
            prepare=(Prepare, prepare),
            produce=(Produce, produce),
            layout=layout,
            digests=digests,
            failed_before=failed,
            ledger=self.ledger,
            events=self.events,
            stall_timeout=cluster.stall_timeout,
            row_timeout=cluster.row_timeout,
            patience=cluster.patience,
            stopping=lambda: self.interruption.asked,
            replan=None if cluster.address == "local" else lambda: layout_now(checked),
        ).run(checked.rows, self.tally, last=stands.kept | stands.failed)
        if self.tally.missing():
            self.interruption.stop_here()


def _counted(tally: Tally) -> dict[str, Any]:
    return {"done": tally.done, "kept": tally.kept, "failed": tally.failed}


@contextmanager
def _told(events: EventLog) -> Iterator[None]:
    """Python's warnings of the driver as events: a run's display is no place for them."""

    def tell(message: Warning | str, *others: Any, **named: Any) -> None:
        events.emit("warning", message=str(message))

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield
