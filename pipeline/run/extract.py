"""Extracting a motion: from a clip or a prompt to a micromotion's file, for a job or by itself."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from common.errors import ClipError, OutputError
from pipeline.cluster.layout import anchor_pool
from pipeline.cluster.session import ray_session
from pipeline.cluster.sizing import Node
from pipeline.engine.failures import translate_ray_errors
from pipeline.engine.passes import Passes
from pipeline.engine.spare import SpareWorkers
from pipeline.job.checks import check_output
from pipeline.job.model import Model, check_model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog
from pipeline.output.folder import reject_unwritable, stop_on_write_error
from pipeline.output.redacted_files import write_motion
from pipeline.run.clip_motion import extract_from_clip
from pipeline.run.signals import Interruption
from pipeline.run.text_motion import extract_from_prompt
from stages.media.clip_place import why_no_clip
from stages.model_files import ModelFiles


@dataclass(frozen=True)
class MotionExtractor:
    """What extracts motions: workers of a Ray that runs, as many each time as fit and as there are anchors.

    Attributes:
        model: found and checked.
        cluster: the job's settings of it. nodes: its machines.
        events: where progress is reported.
        interruption: looked at all the while.
        spare: idle workers, for whoever needs workers next.
        iterations: the inverter's steps.
    """

    model: Model
    cluster: ClusterSpec
    nodes: list[Node]
    events: EventLog
    interruption: Interruption
    spare: SpareWorkers
    iterations: int = 5

    def extract_into(self, name: str, spec: MotionSpec, path: Path, picture: Path) -> None:
        """Make a motion's file and the image of its anchors.

        Raises:
            UserError: the clip or the text cannot be used.
            WorkStopped: the workers failed, or there is no room for the motion.
        """
        model, cluster = self.model, self.cluster
        pool = anchor_pool(self.nodes, spec, model, cluster)
        passes = Passes(
            pool, self.events, cluster.row_timeout, cluster.stall_timeout, self.interruption.check, self.spare
        )
        if spec.text is not None:
            motion = extract_from_prompt(passes, name, spec, model, picture)
        else:
            motion = extract_from_clip(passes, name, spec, model, self.iterations, picture)
        with stop_on_write_error(path):
            write_motion(path, motion)


def run_extraction(
    spec: MotionSpec,
    output: Path,
    events: EventLog,
    *,
    model: ModelFiles | str = "synthface",
    cluster: ClusterSpec | None = None,
    iterations: int = 5,
) -> Path:
    """Extract a motion into a file; the image of its anchors stands beside it.

    Args:
        spec: the clip or the text, and how it is fitted, as in a job's `motion`.
        output: the `.safetensors` file.
        events: where progress is reported.
        model: a name of the registry, or its checkpoint files.
        cluster: where to work; this machine by default.
        iterations: the inverter's steps.

    Returns:
        `output`.

    Raises:
        UserError: the clip, the text, the model or the output cannot be used.
        WorkStopped: the workers failed, or there is no room for the motion.
    """
    cluster = cluster or ClusterSpec()
    check_output(output.parent)
    picture = output.with_suffix(".png")
    if spec.clip is not None:
        if why := why_no_clip(spec.clip):
            raise ClipError(why)
        if os.path.realpath(spec.clip) == os.path.realpath(picture):
            raise OutputError(
                f"--output {output}: the image of the anchors would be written over the clip {spec.clip}. Give it "
                "another name."
            )
    names = ModelFiles(**dict.fromkeys(ModelFiles.model_fields, model)) if isinstance(model, str) else model
    found = check_model(names, texts=[spec] if spec.text is not None else [])
    with reject_unwritable(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
    interruption = Interruption()
    with (
        interruption.listening(),
        ray_session(cluster) as nodes,
        interruption.graceful(),
        translate_ray_errors(),
        closing(SpareWorkers()) as spare,
    ):
        extractor = MotionExtractor(found, cluster, nodes, events, interruption, spare, iterations)
        extractor.extract_into(output.stem, spec, output, picture)
    return output
