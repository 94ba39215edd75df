"""Check everything about a job that can be checked before work begins, and keep what was found."""

import errno
import os
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from common.atomic_files import why_not_writable
from common.errors import JobError, OutputError
from common.storage import describe_io_error
from common.stores import filesystem
from manifests.schema import Manifest, read_manifest
from pipeline.job.image_checks import check_network
from pipeline.job.model import Model, check_model
from pipeline.job.motion_plan import MotionPlan, plan_motion
from pipeline.job.spec import JobSpec

# What a run writes into its output folder, besides folders of its own.
WRITTEN = (
    *("job.yaml", "results.parquet", "report.html", "log.jsonl", "workers.json"),
    *("motion.safetensors", "anchors.png", "anchors-loss.svg"),
)
FOLDERS = ("videos", "motions", "ledger")
# By any of them an output folder is known for one that a run has written.
SIGNS = ("job.yaml", "log.jsonl", "ledger", ".lock")
# Of what a run writes, names that others give too. A motion may be there already, from `extract`.
OTHERS_TOO = ("videos", "results.parquet", "report.html")
# What a video is called while it is written.
UNFINISHED = ".mp4.00000000.part"
# Folders of the system itself; in the first one a folder of one's own may well stand.
THE_SYSTEMS = (Path("/"), Path("/dev"), Path("/proc"), Path("/sys"))


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

    def with_motion(self, name: str, plan: MotionPlan) -> "Checked":
        """The same job with another plan of one motion: that of a motion that has been made."""
        return replace(self, motions={**self.motions, name: plan})


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
    check_videos(job.videos)
    check_names(job, rows["id"].to_pylist())
    check_overwritten(job, rows["id"].to_pylist())
    model = check_model(job.model, job.detector, texts=[spec for spec in job.motion.values() if spec.text is not None])
    layers = job.video.layers
    if layers is not None and layers[1] > model.num_layers:
        raise JobError(
            f"video.layers: expected an end of at most {model.num_layers}, the generator's layers, found {layers[1]}."
        )
    motions = {name: plan_motion(name, spec, job, model) for name, spec in job.motion.items()}
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
    """Refuse an output folder that cannot be written, or holds somebody else's files where a run would write its own.

    Raises:
        OutputError: it is a file, or the root of all files, or cannot be made or written, or its disk is full; or
            something in it is in the way.
    """
    place = _first_that_exists(output)
    if not place.is_dir():
        raise OutputError(f"output {output}: {place} is a file, not a folder. Choose another with --output.")
    if output in THE_SYSTEMS or place in THE_SYSTEMS[1:]:
        raise OutputError(f"output {output}: it belongs to the system. Choose a folder of its own with --output.")
    if why := why_not_writable(place):
        raise OutputError(f"output {output}: {place} cannot be written ({why}). Fix that, or choose another folder.")
    if place == output and (why := _what_is_in_the_way(output)):
        raise OutputError(f"output {output}: {why}. Choose a folder of its own with --output, or move that.")


def check_videos(uri: str) -> None:
    """Refuse a folder of videos on a disk that cannot be written; what a store allows, a run finds at its beginning.

    Args:
        uri: the job's field; empty where the videos stay in the output folder.

    Raises:
        OutputError: it is no place on this machine, or is a file, or cannot be made or written.
    """
    if not uri.startswith("file://"):
        return
    try:
        place = _first_that_exists(Path(filesystem(uri)[1]))
    except (OSError, ValueError) as error:
        raise OutputError(f"videos {uri}: {describe_io_error(error)}. Write it as file:///folder.") from error
    why = why_not_writable(place) if place.is_dir() else os.strerror(errno.ENOTDIR)
    if why:
        raise OutputError(f"videos {uri}: {place} cannot be written ({why}). Fix that, or choose another folder.")


def check_names(job: JobSpec, ids: Collection[str]) -> None:
    """Refuse ids whose videos have too long a name or path where they go, or in whose place a folder is.

    Raises:
        OutputError: of the longest of them, or of a folder.
    """
    folder = folder_of_videos(job)
    if folder is None:
        return
    longest = max(ids, key=lambda id_: len(os.fsencode(id_)), default="")
    for there in (folder, _first_that_exists(folder)):  # a path's length counts everywhere, a name's where folders are
        try:
            (there / f"{longest}{UNFINISHED}").lstat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise OutputError(
                    f'videos {folder}: the path of the video of "{longest}" would be too long there. Choose a folder '
                    "with a shorter path, or shorten the id."
                ) from error
    if not folder.is_dir():
        return
    videos = {f"{id_}.mp4" for id_ in ids}
    with os.scandir(folder) as entries:
        wrong = next((entry for entry in entries if entry.name in videos and not entry.is_file()), None)
    if wrong is not None:
        kind = "a folder" if wrong.is_dir() else "no file, but a pipe, a device or a link that leads nowhere"
        raise OutputError(f"videos {folder}: {wrong.name} is {kind}, and a video goes there. Move it away.")


def folder_of_videos(job: JobSpec) -> Path | None:
    """The folder on this machine's disks into which videos go; None where they go into a store."""
    if not job.videos:
        return job.output / "videos"
    return Path(filesystem(job.videos)[1]) if job.videos.startswith("file://") else None


def _first_that_exists(place: Path) -> Path:
    """A place, or the nearest folder above it that is there."""
    return next(path for path in (place, *place.parents) if path.exists() or path == path.parent)


def _what_is_in_the_way(output: Path) -> str:
    """What a run would write over, or remove with --fresh and --prune, that none has made, as part of a sentence."""
    for name in (*WRITTEN, ".lock"):
        if (path := output / name).exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no file, but a pipe or a device"
            return f"{name} is {kind} there, and a run writes a file of that name"
    for name in FOLDERS:
        if os.path.lexists(path := output / name) and not path.is_dir():
            kind = "a link that leads nowhere" if path.is_symlink() and not path.exists() else "a file"
            return f"{name} is {kind} there, and a run makes a folder of that name"
    if any((output / name).exists() for name in SIGNS):
        return ""
    for name in OTHERS_TOO:
        path = output / name
        if path.is_dir() and any(path.iterdir()):
            return f"the folder {name} holds files there that no run has made"
        if path.is_file():
            return f"{name} is there, and no run has made it"
    return ""


def check_overwritten(job: JobSpec, ids: Collection[str]) -> None:
    """Refuse an output folder in which a run would write over a file that it is made from.

    A motion's file may be the folder's own: the same is written again.

    Raises:
        OutputError: the manifest or a clip is where a result goes.
    """
    folder = os.path.realpath(job.output)
    written = {os.path.join(folder, name) for name in WRITTEN}  # noqa: PTH118 (as `realpath`, which raises over nothing)
    given = {f"motion.{name}.clip": spec.clip for name, spec in job.motion.items() if spec.clip}
    for field, source in {"manifest": str(job.manifest), **given}.items():
        place = Path(os.path.realpath(source))
        kind = str(place.parent.relative_to(folder)) if place.is_relative_to(folder) else ""
        is_video = kind == "videos" and place.suffix == ".mp4" and not job.videos and place.stem in ids
        is_sheet = kind == "motions" and place.suffix == ".png" and place.stem in job.motion
        if str(place) in written or is_video or is_sheet:
            raise OutputError(
                f"{field}: a run with the output {job.output} writes over {source}. Choose another output with "
                "--output, or move the file."
            )
