"""Check everything about a job that can be checked before work begins, and keep what was found."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from common.atomic_files import why_not_writable
from common.errors import ClipError, JobError, MicromotionError, OutputError
from manifests.schema import Manifest, read_manifest
from pipeline.job.digests import RECIPE, digest_of
from pipeline.job.image_checks import check_network
from pipeline.job.model import Model, check_model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import JobSpec
from pipeline.job.written_job import written_job
from stages.motion.micromotion import Micromotion, load_micromotion
from weights.store import sha256


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
    ready: Micromotion | None


@dataclass(frozen=True)
class Checked:
    """A checked job, and what the checks found.

    Attributes:
        rows: order (int64), id, image, motion, strength: what enters the target flow.
    """

    job: JobSpec
    manifest: Manifest
    rows: pa.Table
    model: Model
    motions: Mapping[str, MotionPlan]

    def with_motion(self, name: str, motion: Micromotion) -> "Checked":
        """The same job with one motion made."""
        return replace(self, motions={**self.motions, name: replace(self.motions[name], ready=motion)})


def check_job(job: JobSpec) -> Checked:
    """Read and check everything that a job names.

    Raises:
        UserError: of the kind that fits: a job's field, the manifest, a clip, a checkpoint, a motion's file or its
            generator, the output folder.
    """
    manifest = read_manifest(job.manifest, {str(own): name for own, name in job.columns.items()})
    for note in manifest.notes:
        warnings.warn(note, stacklevel=2)
    rows = target_rows(manifest, job)
    check_network(manifest, rows["image"].to_pylist(), job.network)
    check_output(job.output)
    model = check_model(job.model, job.detector, texts=[spec for spec in job.motion.values() if spec.text is not None])
    layers = job.video.layers
    if layers is not None and layers[1] > model.num_layers:
        raise JobError(
            f"video.layers: expected an end of at most {model.num_layers}, the generator's layers, found {layers[1]}."
        )
    single = len(job.motion) == 1
    for name, spec in job.motion.items():
        moving = spec.anchors.layers
        if moving is not None and moving[1] > model.num_layers:
            raise JobError(
                f"motion.{name}.anchors.layers: expected an end of at most {model.num_layers}, the generator's layers, "
                f"found {moving[1]}."
            )
    motions = {name: _motion_plan(name, spec, job, model, single) for name, spec in job.motion.items()}
    return Checked(job, manifest, rows, model, motions)


def target_rows(manifest: Manifest, job: JobSpec) -> pa.Table:
    """The manifest as the target flow takes it, with the job's own motion and strength where a row has none.

    Raises:
        ManifestError: a row names a motion that the job does not have, or none where the job has several.
    """
    manifest.check_motions(job.motion)
    table, count = manifest.table, len(manifest)
    motion, strength = pa.nulls(count, pa.string()), pa.nulls(count, pa.float64())
    if "motion" in table.column_names:
        motion = table["motion"].combine_chunks()
    if "strength" in table.column_names:
        strength = table["strength"].combine_chunks()
    return pa.table(
        {
            "order": pa.array(range(count), pa.int64()),
            "id": table["id"],
            "image": pa.array(manifest.images(), pa.string()),
            "motion": pc.fill_null(motion, next(iter(job.motion))),
            "strength": pc.fill_null(strength, job.video.strength),
        }
    )


def check_output(output: Path) -> None:
    """Refuse an output folder that cannot be written.

    Raises:
        OutputError: it is a file, or cannot be made or written, or its disk is full.
    """
    place = output
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise OutputError(f"output {output}: {place} is a file, not a folder. Choose another with --output.")
    if why := why_not_writable(place):
        raise OutputError(f"output {output}: {place} cannot be written ({why}). Fix that, or choose another folder.")


def _motion_plan(name: str, spec: MotionSpec, job: JobSpec, model: Model, single: bool) -> MotionPlan:
    """Find a motion's source, and the motion itself where it need not be made.

    Raises:
        ClipError, MotionFileError, MotionMismatch: the source is missing, unreadable, or of another generator.
    """
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
        motion = load_micromotion(source)
        motion.check(model.generator, model.num_layers)
        return MotionPlan(spec, source, path, picture, digest_of({"file": sha256(source)}), motion)
    if not source.is_file():
        raise ClipError(f"motion.{name}.clip: there is no file {source}. Paths are relative to the job file's folder.")
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


def _load_earlier(name: str, path: Path, output: Path, made_from: str) -> Micromotion | None:
    """The motion in the output folder, if `job.yaml` there says that it was made from the same things."""
    try:
        recorded = written_job(output)["made_with"]["motions"][name]
        if recorded["made_from"] != made_from:
            return None
        motion = load_micromotion(path)
        return motion if motion.fingerprint == recorded["fingerprint"] else None
    except (OSError, KeyError, ValueError, MicromotionError):
        return None
