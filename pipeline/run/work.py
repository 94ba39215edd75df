"""What a run makes: the motions, then the videos; and how it finds that nothing has to be made."""

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from common import storage
from pipeline.cluster.preflight import check_nodes_store, check_nodes_weights, check_nodes_write
from pipeline.cluster.session import ray_session
from pipeline.cluster.sizing import WorkerLayout
from pipeline.engine.failures import translate_ray_errors
from pipeline.engine.spare import SpareWorkers
from pipeline.job.checks import Checked
from pipeline.job.digests import target_digest
from pipeline.output.disk_space import space_for
from pipeline.output.event_log import EventLog, StageState
from pipeline.output.existing import ExistingResults, find_existing, ready_digests
from pipeline.output.folder import stop_on_write_error, write_job
from pipeline.output.job_diff import describe_changes
from pipeline.output.ledger import Ledger
from pipeline.output.redacted_files import write_motion
from pipeline.report.anchor_sheets import losses_path
from pipeline.run.counts import RowCounts
from pipeline.run.extract import MotionExtractor
from pipeline.run.outcomes import Outcomes
from pipeline.run.plan import layout_for, layout_now
from pipeline.run.retries import failures_to_keep, leave_unreadable
from pipeline.run.signals import Interruption
from pipeline.run.unchanged import take_in_unchanged
from pipeline.run.videos import TargetFlow
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.animate_faces import AnimateFaces, AnimateFacesSettings
from stages.models import ModelSettings
from stages.motion.micromotion import Micromotion, load_micromotion


@dataclass(frozen=True)
class Work:
    """A run at work.

    Attributes:
        checked: what was asked.
        ledger, counts: what is known, on disk and in memory.
        events: where it is told.
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
        digests = ready_digests(checked)
        existing = find_existing(checked, digests)
        finished = existing.kept | existing.failed | existing.unreadable
        if self.retry is None and digests.keys() >= checked.motions.keys() and len(finished) == len(checked.manifest):
            self._announce(existing)
            self._ready_motions()
            self._look(existing, digests)
            if not self.counts.missing():
                return
        with ray_session(checked.job.cluster) as nodes:
            layout = layout_for(checked, nodes)
            if checked.job.cluster.address != "local":
                check_nodes_store(checked.job.videos) if checked.job.videos else check_nodes_write(checked.job.output)
                check_nodes_weights(checked.model)
            if self.counts.seen:
                events.emit("workers", workers=layout.sentence)
            else:
                self._announce(existing, layout.sentence)
            with self.interruption.graceful(), translate_ray_errors(), closing(SpareWorkers()) as spare:
                cluster, iterations = checked.job.cluster, checked.job.iterations
                extractor = MotionExtractor(checked.model, cluster, nodes, events, self.interruption, spare, iterations)
                self._make(extractor, layout, existing, digests)

    def _announce(self, existing: ExistingResults, workers: str = "") -> None:
        """Say that the run begins, what it is, and what it will change."""
        job, checked = self.checked.job, self.checked
        self.events.emit(
            "run_started",
            job=job.name,
            output=job.output,
            rows=len(checked.manifest),
            kept=len(existing.kept),
            workers=workers,
            address=job.cluster.address,
            videos=storage.strip_credentials(job.videos) if job.videos else "",
        )
        if change := describe_changes(checked, existing):
            self.events.emit("warning", message=change)
        if not (space := space_for(checked, existing)).enough:
            self.events.emit("warning", message=f"{job.output} is likely to run full: {space.sentence}.")
        write_job(checked, {name: plan.ready for name, plan in checked.motions.items()})

    def _ready_motions(self, extractor: MotionExtractor | None = None) -> dict[str, Micromotion]:
        """Every motion of the job, in the output folder and in memory; made only where it is not there already."""
        checked = self.checked
        if checked.job.rehearsal:
            return {}
        motions: dict[str, Micromotion] = {}
        for name, plan in checked.motions.items():
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
            motions[name] = load_micromotion(plan.path)
            motions[name].check(checked.model.generator, checked.model.num_layers)
            write_job(checked, motions)
        return motions

    def _look(self, existing: ExistingResults, digests: Mapping[str, str]) -> None:
        """Take in what stands finished with the image that it was made from."""
        failed = failures_to_keep(self.ledger, self.retry)
        outcomes = Outcomes(self.checked.rows, self.counts, self.ledger, self.events, digests, failed)
        outcomes.emit_progress(StageState.STARTED)
        # Images of a cluster need not be those that this machine sees under their names.
        unreadable = existing.unreadable if self.checked.job.cluster.address == "local" else frozenset[int]()
        done, timeout = self.ledger.done() | failed.keys(), self.checked.job.cluster.fetch_timeout
        for _ in take_in_unchanged(outcomes, range(len(self.checked.manifest)), unreadable, done, timeout):
            self.interruption.stop_here()
            outcomes.emit_progress(StageState.PROGRESS)
        if not self.counts.missing():
            outcomes.emit_progress(StageState.FINISHED)

    def _make(
        self, extractor: MotionExtractor, layout: WorkerLayout, existing: ExistingResults, ready: Mapping[str, str]
    ) -> None:
        """The motions, and the videos that are missing; `ready` has the digests of motions that were there before."""
        checked, job, cluster = self.checked, self.checked.job, self.checked.job.cluster
        motions = self._ready_motions(extractor)
        self.interruption.stop_here()
        digests = (
            ready
            if job.rehearsal
            else {name: target_digest(motion, job, checked.model) for name, motion in motions.items()}
        )
        if digests != ready:
            existing = find_existing(checked, digests)
        failed = failures_to_keep(self.ledger, self.retry)
        outcomes = Outcomes(checked.rows, self.counts, self.ledger, self.events, digests, failed)
        leave_unreadable(outcomes, existing.unreadable, self.retry)
        files, detector = checked.model.files, checked.model.detector
        detect = AlignFacesSettings(
            model=ModelSettings(files, detector, layout.detect.device),
            digests=digests,
            done=self.ledger.done() | failed.keys(),
            fetch_timeout=cluster.fetch_timeout,
        )
        render = AnimateFacesSettings(
            model=ModelSettings(files, detector, layout.render.device),
            motions=motions,
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
