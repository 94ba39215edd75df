"""Everything that can be found wrong with a job before work begins, and what is found out on the way."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import torch

from manifests.schema import Manifest, read_manifest
from pipeline.image_look import check_network
from pipeline.job import JobSpec, ModelSpec, MotionSpec, VideoSpec
from pipeline.machine import cores_of_group, free_memory
from pipeline.ray_session import usable_cores
from pipeline.resources import Node
from pipeline.written_job import written_job
from stages.anchor_text import CPU_BYTES, kept_bytes
from stages.detectors import make_detector
from stages.durable import why_not_writable
from stages.errors import CheckpointError, ClipError, JobError, MicromotionError, OutputError
from stages.models import ModelFiles
from stages.subspace import Micromotion, load_micromotion
from stages.text_template import captions
from stages.video_settings import VideoSettings
from weights import load_generator, load_identity, load_inverter, load_landmarks
from weights.clip import clip_hash, find_clip, load_clip
from weights.head import BUNDLED as HEAD
from weights.store import PARTS, find, sha256

# What a change of the pipeline itself would have to raise, so that old results are not taken for its own.
RECIPE = 2


@dataclass(frozen=True)
class Model:
    """A job's model, found and known.

    Attributes:
        files: the checkpoints, by name or path.
        hashes: part -> `sha256:…` of its file.
        clip: `sha256:…` of the CLIP that reads the job's texts; empty where there are none.
        degree_bytes: memory that a text anchor takes while its gradient is computed.
        generator: the generator's fingerprint.
        num_layers: its styles.
        resolution: pixels a side.
        bytes: of all four files.
    """

    files: ModelFiles
    hashes: Mapping[str, str]
    generator: str
    num_layers: int
    resolution: int
    bytes: int
    clip: str = ""
    degree_bytes: int = 0


@dataclass(frozen=True)
class MotionPlan:
    """Where one movement comes from and where it goes.

    Attributes:
        spec: the job's field.
        source: the clip or the file; None for a text.
        path: the `.safetensors` in the output folder.
        picture: the anchors' picture beside it.
        made_from: hash of everything that decides the movement.
        ready: the movement, where it is a file or stands in the output folder already.
    """

    spec: MotionSpec
    source: Path | None
    path: Path
    picture: Path
    made_from: str
    ready: Micromotion | None


@dataclass(frozen=True)
class Checked:
    """A job in which nothing is wrong that can be known beforehand.

    Attributes:
        rows: order (int64), id, image, motion, strength: what enters the target flow.
    """

    job: JobSpec
    manifest: Manifest
    rows: pa.Table
    model: Model
    motions: Mapping[str, MotionPlan]


def check_job(job: JobSpec) -> Checked:
    """Read and compare everything that a job names.

    Raises:
        UserError: of the kind that fits: a job's field, the manifest, a clip, a checkpoint, a movement's file or its
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
    """The manifest as the target flow takes it, with the job's own movement and strength where a row has none.

    Raises:
        ManifestError: a row names a movement that the job does not have, or none where the job has several.
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
    """Refuse an output folder that cannot be written, before an hour is spent on what would go there.

    Raises:
        OutputError: it is a file, or cannot be made or written, or its disk is full.
    """
    place = output
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise OutputError(f"output {output}: {place} is a file, not a folder. Choose another with --output.")
    if why := why_not_writable(place):
        raise OutputError(f"output {output}: {place} cannot be written ({why}). Mend it, or choose another folder.")


def check_model(spec: ModelSpec, detector: str = "haar", texts: Sequence[MotionSpec] = ()) -> Model:
    """Find the four checkpoints, load each once to see that it is what it should be, and hash them.

    Where there are `texts`, the CLIP that reads them too, and whether it can read them. Warns where the inverter was
    trained with another generator than the one that will render.

    Raises:
        CheckpointError: one is missing, or is of another kind or size.
        TextError: a sentence is too long for the CLIP.
        ExtraMissing: there are texts, and what reads them is not installed.
    """
    paths = {part: find(getattr(spec, part), part) for part in PARTS}
    generator = load_generator(paths["generator"])
    decoder = load_inverter(paths["inverter"]).decoder
    if decoder.num_layers != generator.num_layers:
        raise CheckpointError(
            f"{paths['inverter']}: inverts into {decoder.num_layers} layers, "
            f"but the generator {paths['generator']} has {generator.num_layers}. Use two of one family."
        )
    if decoder.fingerprint != generator.fingerprint:
        warnings.warn(
            f"{paths['inverter']} was trained with another generator than {paths['generator']}: faces may change.",
            stacklevel=2,
        )
    load_identity(paths["identity"])
    load_landmarks(paths["landmarks"])
    make_detector(detector, "cpu")
    if texts:
        clip = load_clip(spec.clip)
        for text in texts:
            clip.check_texts(captions(str(text.text), text.anchors.degrees))
    # Names stay names: another machine has the registry's files at another place.
    return Model(
        files=ModelFiles(**{part: getattr(spec, part) for part in PARTS}, clip=spec.clip, detector=detector),
        hashes={part: sha256(path) for part, path in paths.items()},
        generator=generator.fingerprint,
        num_layers=generator.num_layers,
        resolution=generator.resolution,
        bytes=sum(path.stat().st_size for path in paths.values()),
        clip=clip_hash(find_clip(spec.clip)) if texts else "",
        degree_bytes=kept_bytes(generator),
    )


def target_digest(motion: Micromotion | None, job: JobSpec, model: Model) -> str:
    """Hash of all that decides a row's video besides its picture and strength; a rehearsal shows no movement."""
    if job.rehearsal:
        shown = {"frames", "fps", "pixels", "longest", "layout", "crf"}
        return _hash(
            {
                "recipe": RECIPE,
                "rehearsal": True,
                "landmarks": model.hashes["landmarks"],
                "detector": model.files.detector,
                "video": job.video.model_dump(include=shown),
            }
        )
    assert motion is not None
    return _hash(
        {
            "recipe": RECIPE,
            "motion": motion.fingerprint,
            "model": dict(model.hashes),
            "detector": model.files.detector,
            "iterations": job.iterations,
            "head": sha256(HEAD) if job.video.pixels == "picture" else "",
            "video": asdict(video_settings(job.video)),
        }
    )


def video_settings(spec: VideoSpec) -> VideoSettings:
    """The job's `video` as the stage takes it; the strength travels with each row."""
    return VideoSettings(**spec.model_dump(exclude={"strength"}))


def this_machine() -> list[Node]:
    """What a local run would have, without starting Ray."""
    cores = min(usable_cores(), cores_of_group())
    return [Node(cores, torch.cuda.device_count(), 0.7 * free_memory())]


def anchor_bytes(model: Model, degrees: int) -> float:
    """Memory that a worker needs for text anchors, over what any producer needs."""
    return min(CPU_BYTES, degrees * model.degree_bytes)


def producer_bytes(model: Model) -> float:
    """Memory that one producer needs: Python and PyTorch, the networks, and frames of the model's resolution."""
    frames = 8 * 16 * 4 * 3 * model.resolution**2  # eight at a time, with what lies between their layers
    return (700 << 20) + 2 * model.bytes + frames


def _motion_plan(name: str, spec: MotionSpec, job: JobSpec, model: Model, single: bool) -> MotionPlan:
    """Find a movement's source, and the movement itself where it need not be made.

    Raises:
        ClipError, MotionFileError, MotionMismatch: the source is missing, unreadable, or of another generator.
    """
    path = job.output / "motion.safetensors" if single else job.output / "motions" / f"{name}.safetensors"
    picture = job.output / "anchors.png" if single else path.with_suffix(".png")
    if spec.text is not None:
        parts = ("generator", "identity", "landmarks")
        made_from = _hash(
            {
                "recipe": RECIPE,
                "text": spec.text,
                "fit": spec.model_dump(mode="json", exclude={"clip", "file", "text", "max_anchors"}),
                "model": {"clip": model.clip, **{part: model.hashes[part] for part in parts}},
            }
        )
        return MotionPlan(spec, None, path, picture, made_from, _made_before(name, path, job.output, made_from))
    source = Path(spec.file or spec.clip or "")
    if spec.file is not None:
        motion = load_micromotion(source)
        motion.check(model.generator, model.num_layers)
        return MotionPlan(spec, source, path, picture, _hash({"file": sha256(source)}), motion)
    if not source.is_file():
        raise ClipError(f"motion.{name}.clip: there is no file {source}. Paths are meant from the job file's folder.")
    made_from = _hash(
        {
            "recipe": RECIPE,
            "clip": sha256(source),
            "fit": spec.model_dump(exclude={"clip", "file", "text", "anchors"}),
            "model": {part: model.hashes[part] for part in ("generator", "inverter", "landmarks")},
            "detector": job.detector,
            "iterations": job.iterations,
        }
    )
    return MotionPlan(spec, source, path, picture, made_from, _made_before(name, path, job.output, made_from))


def _made_before(name: str, path: Path, output: Path, made_from: str) -> Micromotion | None:
    """The movement in the output folder, if `job.yaml` there says that it was made from just the same."""
    try:
        recorded = written_job(output)["made_with"]["motions"][name]
        if recorded["made_from"] != made_from:
            return None
        motion = load_micromotion(path)
        return motion if motion.fingerprint == recorded["fingerprint"] else None
    except (OSError, KeyError, ValueError, MicromotionError):
        return None


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
