"""Where a job's motion comes from, and whether it is there already."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import ClipError, JobError, MicromotionError, MotionFileError
from common.storage import is_uri
from pipeline.job.digests import RECIPE, digest_of
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import JobSpec
from pipeline.job.written_job import written_job
from stages.media.clip_place import GET_FILE, why_no_clip
from weights.store import sha256

if TYPE_CHECKING:
    from stages.motion.micromotion import Micromotion


@dataclass(frozen=True)
class MotionPlan:
    """Where one motion comes from and where it goes.

    Attributes:
        spec: the job's field.
        source: the clip or the file; None for a text.
        path: the `.safetensors` in the output folder.
        picture: the anchors' image beside it.
        made_from: hash of everything that decides the motion.
        ready: the motion, where it is a file or stands in the output folder already.
    """

    spec: MotionSpec
    source: Path | None
    path: Path
    picture: Path
    made_from: str
    ready: "Micromotion | None"


def plan_motion(name: str, spec: MotionSpec, job: JobSpec, model: Model) -> MotionPlan:
    """Find a motion's source, and the motion itself where it need not be made.

    Raises:
        JobError: anchors are to move in layers that the generator does not have.
        ClipError, MotionFileError, MotionMismatch: the source is missing, unreadable, or of another generator.
    """
    moving = spec.anchors.layers
    if moving is not None and moving[1] > model.num_layers:
        raise JobError(
            f"motion.{name}.anchors.layers: expected an end of at most {model.num_layers}, the generator's layers, "
            f"found {moving[1]}."
        )
    single = len(job.motion) == 1
    path = job.output / "motion.safetensors" if single else job.output / "motions" / f"{name}.safetensors"
    picture = job.output / "anchors.png" if single else path.with_suffix(".png")
    if spec.text is not None:
        parts = ("generator", "identity", "landmarks")
        made_from = digest_of(
            {
                "recipe": RECIPE,
                "text": spec.text,
                "fit": spec.model_dump(mode="json", exclude={"clip", "file", "text", "max_anchors"}),
                "model": {"clip": model.clip, **{part: model.hashes[part] for part in parts}},
            }
        )
        return MotionPlan(spec, None, path, picture, made_from, _load_earlier(name, path, job.output, made_from))
    source = Path(spec.file or spec.clip or "")
    if spec.file is not None:
        if is_uri(spec.file):
            raise MotionFileError(
                f"motion.{name}.file: {spec.file}: a URI, and a motion is read from a disk. {GET_FILE}."
            )
        motion = _load(source)
        motion.check(model.generator, model.num_layers)
        return MotionPlan(spec, source, path, picture, digest_of({"file": sha256(source)}), motion)
    if why := why_no_clip(spec.clip or ""):
        relative = " Paths are relative to the job file's folder." if why.endswith("there is no such file.") else ""
        raise ClipError(f"motion.{name}.clip: {why}{relative}")
    made_from = digest_of(
        {
            "recipe": RECIPE,
            "clip": sha256(source),
            "fit": spec.model_dump(exclude={"clip", "file", "text", "anchors"}),
            "model": {part: model.hashes[part] for part in ("generator", "inverter", "landmarks")},
            "detector": job.detector,
            "iterations": job.iterations,
        }
    )
    return MotionPlan(spec, source, path, picture, made_from, _load_earlier(name, path, job.output, made_from))


def _load(path: Path) -> "Micromotion":
    # A motion is tensors of PyTorch, which takes two seconds to import: only a job that has one waits for it.
    from stages.motion.load_micromotion import load_micromotion

    return load_micromotion(path)


def _load_earlier(name: str, path: Path, output: Path, made_from: str) -> "Micromotion | None":
    """The motion in the output folder, if `job.yaml` there says that it was made from the same things."""
    try:
        recorded = written_job(output)["made_with"]["motions"][name]
        if recorded["made_from"] != made_from:
            return None
        motion = _load(path)
        return motion if motion.fingerprint == recorded["fingerprint"] else None
    except (OSError, KeyError, ValueError, MicromotionError):
        return None
