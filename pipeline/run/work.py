"""Make a job's motions, then its videos, or find that nothing has to be made."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace

from common import storage
from pipeline.cluster.layout import layout_for, layout_now
from pipeline.cluster.preflight import check_nodes
from pipeline.cluster.session import ray_session
from pipeline.cluster.sizing import WorkerLayout
from pipeline.engine.failures import translate_ray_errors
from pipeline.engine.spare import SpareWorkers
from pipeline.job.checks import Checked
from pipeline.output.disk_space import space_for
from pipeline.output.event_log import EventLog, PhaseState
from pipeline.output.existing import ExistingResults, find_existing
from pipeline.output.folder import stop_on_write_error, write_job
from pipeline.output.job_diff import describe_changes
from pipeline.output.ledger import Ledger
from pipeline.output.redacted_files import write_motion
from pipeline.report.anchor_sheets import losses_path
from pipeline.run.counts import RowCounts
from pipeline.run.extract import MotionExtractor
from pipeline.run.outcomes import Outcomes
from pipeline.run.retries import failures_to_keep, leave_unreadable
from pipeline.run.signals import Interruption
from pipeline.run.unchanged import take_in_unchanged
from pipeline.run.videos import TargetFlow
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.animate_faces import AnimateFaces, AnimateFacesSettings
from stages.models import ModelSettings
from stages.motion.load_micromotion import load_micromotion


@dataclass(frozen=True)
class Work:
    """The working part of a run.

    Attributes:
        checked: what was asked.
        ledger, counts: what is known, on disk and in memory.
        events: where it is reported.
        interruption: looked at all the while.
        retry: reasons for which failed rows are tried again, all where it is empty; None tries none but those whose
            images could not be read.
    """

    checked: Checked
    ledger: Ledger
    counts: RowCounts
    events: EventLog
    interruption: Interruption
    retry: Collection[str] | None

    def run(self) -> None:
        """Make what is missing; Ray is started only where something is.

        Raises:
            MicromotionError, KeyboardInterrupt: it ended before everything was made.
        """
        checked, events = self.checked, self.events
        existing = find_existing(checked)
        finished = existing.kept | existing.failed | existing.unreadable
        ready = existing.digests.keys() == checked.motions.keys()
        self._announce(existing)  # before Ray starts, which takes a while
        if self.retry is None and ready and len(finished) == len(checked.manifest):
            self._ready_motions()
            self._look(existing)
            if not self.counts.missing():
                return
        with ray_session(checked.job.cluster) as nodes:
            layout = layout_for(checked, nodes)
            check_nodes(checked.job, checked.model)
            events.emit("workers", workers=layout.sentence)
            with self.interruption.graceful(), translate_ray_errors(), closing(SpareWorkers()) as spare:
                cluster, iterations = checked.job.cluster, checked.job.iterations
                extractor = MotionExtractor(checked.model, cluster, nodes, events, self.interruption, spare, iterations)
                self._make(extractor, layout, existing)

    def _announce(self, existing: ExistingResults) -> None:
        """Report the start of the run, and what it will change."""
        job, checked = self.checked.job, self.checked
        self.events.emit(
            "run_started",
            job=job.name,
            output=job.output,
            rows=len(checked.manifest),
            kept=len(existing.kept),
            address=job.cluster.address,
            videos=storage.strip_credentials(job.videos) if job.videos else "",
        )
        if change := describe_changes(checked, existing):
            self.events.emit("warning", message=change)
        if not (space := space_for(checked, existing)).enough:
            self.events.emit("warning", message=f"{space.folder} is likely to run full: {space.sentence}.")

    def _ready_motions(self, extractor: MotionExtractor | None = None) -> Checked:
        """The job with every motion ready and in the output folder; made only where it is not there already."""
        checked = self.checked
        write_job(checked)
        if checked.job.rehearsal:
            return checked
        for name, plan in self.checked.motions.items():
            plan.path.parent.mkdir(parents=True, exist_ok=True)
            if plan.ready is not None:
                with stop_on_write_error(plan.path):
                    write_motion(plan.path, plan.ready)
                if plan.spec.file is not None:
                    for picture in (plan.picture, losses_path(plan.picture)):
                        picture.unlink(missing_ok=True)  # of another motion, which this one replaces
            else:
                assert extractor is not None, "a motion that has to be made takes workers"
                extractor.extract_into(name, plan.spec, plan.path, plan.picture)
            motion = load_micromotion(plan.path)
            motion.check(checked.model.generator, checked.model.num_layers)
            checked = checked.with_motion(name, replace(plan, ready=motion))
            write_job(checked)
        return checked

    def _look(self, existing: ExistingResults) -> None:
        """Take in the finished rows whose images are unchanged."""
        failed = failures_to_keep(self.ledger, self.retry)
        outcomes = Outcomes(self.checked.rows, self.counts, self.ledger, self.events, existing.digests, failed)
        outcomes.emit_progress(PhaseState.STARTED)
        # Images of a cluster need not be those that this machine sees under their names.
        unreadable = existing.unreadable if self.checked.job.cluster.address == "local" else frozenset[int]()
        done, timeout = self.ledger.done() | failed.keys(), self.checked.job.cluster.fetch_timeout
        for _ in take_in_unchanged(outcomes, range(len(self.checked.manifest)), unreadable, done, timeout):
            self.interruption.stop_here()
            outcomes.emit_progress(PhaseState.PROGRESS)
        if not self.counts.missing():
            outcomes.emit_progress(PhaseState.FINISHED)

    def _make(self, extractor: MotionExtractor, layout: WorkerLayout, existing: ExistingResults) -> None:
        """Make the motions, and the videos that are missing."""
        checked, job, cluster = self._ready_motions(extractor), self.checked.job, self.checked.job.cluster
        self.interruption.stop_here()
        if existing.digests.keys() != checked.motions.keys():
            existing = find_existing(checked)
        failed = failures_to_keep(self.ledger, self.retry)
        outcomes = Outcomes(checked.rows, self.counts, self.ledger, self.events, existing.digests, failed)
        leave_unreadable(outcomes, existing.unreadable, self.retry)
        files, detector = checked.model.files, checked.model.detector
        detect = AlignFacesSettings(
            model=ModelSettings(files, detector, layout.detect.device),
            digests=existing.digests,
            done=self.ledger.done() | failed.keys(),
            fetch_timeout=cluster.fetch_timeout,
        )
        render = AnimateFacesSettings(
            model=ModelSettings(files, detector, layout.render.device),
            motions={name: plan.ready for name, plan in checked.motions.items() if plan.ready is not None},
            video=job.video,
            output=str(job.output),
            videos=job.videos,
            iterations=job.iterations,
            row_timeout=cluster.row_timeout,
            fetch_timeout=cluster.fetch_timeout,
            rehearsal=job.rehearsal,
        )
        TargetFlow(
            outcomes,
            detect=(AlignFaces, detect),
            render=(AnimateFaces, render),
            layout=layout,
            stall_timeout=cluster.stall_timeout,
            row_timeout=cluster.row_timeout,
            patience=cluster.patience,
            stopping=lambda: self.interruption.asked,
            replan=None if cluster.address == "local" else lambda: layout_now(checked),
            spare=extractor.spare,
        ).run(last=existing.kept | existing.failed)
        if self.counts.missing():
            self.interruption.stop_here()
