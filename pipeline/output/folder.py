"""The output folder of a job: what lies in it, and how it is cleared."""

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from common import storage
from common.errors import RESUME, MotionFileError, OutputError, WorkStopped
from common.redaction import describe_error
from pipeline.job.checks import Checked
from pipeline.job.spec import JobSpec
from pipeline.output import workers_file
from pipeline.output.event_log import EventLog
from pipeline.output.redacted_files import write_yaml
from pipeline.output.stray_videos import report_strays

MADE = (
    "ledger",
    "videos",
    "motions",
    "motion.safetensors",
    "anchors.png",
    "anchors-loss.svg",
    "results.parquet",
    "report.html",
    workers_file.NAME,
)
# An upload grows all the while, or is seen only once it is whole, a moment before it gets its name.
STALE_UPLOAD_SECONDS = 3600.0
LIBRARIES = (
    "torch",
    "transformers",
    "ray",
    "numpy",
    "pyarrow",
    "imageio-ffmpeg",
    "opencv-python",
    "safetensors",
)


@contextmanager
def reject_unwritable(output: Path) -> Iterator[None]:
    """Around what a run writes before any work begins: where it cannot, nothing was started.

    Raises:
        OutputError: the disk is full, the mount is gone, or somebody else's files are in the way.
    """
    try:
        yield
    except OSError as error:
        place = error.filename or output
        raise OutputError(
            f"output {output}: {place} cannot be written ({describe_error(error)}). Nothing was started; fix that, "
            "or choose another folder."
        ) from error


@contextmanager
def stop_on_write_error(path: Path) -> Iterator[None]:
    """Around what a run writes while it works: where it cannot, the run stops and can be resumed.

    Raises:
        WorkStopped: the disk is full, or the mount is gone.
    """
    try:
        yield
    except (OSError, MotionFileError) as error:
        why = describe_error(error.__cause__ if isinstance(error, MotionFileError) and error.__cause__ else error)
        raise WorkStopped(f"The work stopped: {path} cannot be written: {why}. Fix that. {RESUME}") from error


def prepare_folder(checked: Checked, events: EventLog, fresh: bool = False, prune: bool = False) -> Checked:
    """Clear the output folder of what this run has no use for, and make the folder of its videos.

    Args:
        checked: the job.
        events: where it is reported what is removed.
        fresh: remove all that earlier runs made.
        prune: remove videos of rows that the manifest no longer has.

    Returns:
        The job; where its motions were removed, they are to be made.

    Raises:
        OSError, OutputError: the folder, or the store of the videos, cannot be written.
    """
    if fresh:
        checked = discard_earlier_run(checked, events)
    if not checked.job.videos:
        (checked.job.output / "videos").mkdir(exist_ok=True)
    clear_leftovers(checked.job)
    report_strays(checked, events, prune)
    return checked


def write_job(checked: Checked) -> None:
    """`job.yaml`: the job as resolved, the versions and checkpoints that it is made with, and the motions so far.

    Raises:
        WorkStopped: it cannot be written.
    """
    versions = {"python": platform.python_version()}
    for library in ("micromotion", *LIBRARIES):
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    made_with = {
        "versions": versions,
        "weights": dict(checked.model.hashes),
        "generator": checked.model.generator,
        "motions": {
            name: {"made_from": plan.made_from, "fingerprint": plan.ready.fingerprint}
            for name, plan in checked.motions.items()
            if plan.ready is not None
        },
    }
    job = checked.job.model_copy(update={"made_with": made_with})
    path = checked.job.output / "job.yaml"
    with stop_on_write_error(path):
        write_yaml(path, job.resolved())


def clear_leftovers(job: JobSpec) -> None:
    """Remove what killed workers were writing when they died.

    The folder is this run's alone, and what is left there can be nobody's. A store may be shared with other outputs:
    there it must also have been left alone for `STALE_UPLOAD_SECONDS`, or it may be a video on its way.

    Raises:
        OutputError: the videos are at a URI, and their store cannot be written or listed.
    """
    if not job.videos:
        for leftover in (job.output / "videos").glob("*.part"):
            leftover.unlink(missing_ok=True)
        return
    if why := storage.why_not_writable(job.videos):
        raise OutputError(f"{job.videos} cannot be written: {why}. Look at the field videos of the job.")
    try:
        old = storage.find_stale(job.videos, STALE_UPLOAD_SECONDS)
    except OSError as error:
        raise OutputError(f"{job.videos} cannot be listed: {storage.describe_io_error(error)}.") from error
    for name in old:
        if name.endswith(".part"):
            with suppress(OSError):  # another run may have been quicker; and no video lacks for it
                storage.remove(storage.join_uri(job.videos, name))


def discard_earlier_run(checked: Checked, events: EventLog) -> Checked:
    """Remove what earlier runs made in the output folder, and say so first."""
    output = checked.job.output
    sources = {
        Path(checked.manifest.path).absolute(),
        *(plan.source for plan in checked.motions.values() if plan.source),
    }
    made = {name: output / name for name in MADE if (output / name).exists()}
    there = [name for name, path in made.items() if not any(source.is_relative_to(path) for source in sources)]
    if there:
        events.emit("warning", message=f"--fresh: removing {', '.join(there)} from {output}")
    for name in there:
        path = output / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    made_here = {name: plan for name, plan in checked.motions.items() if plan.spec.file is None}
    unmade = {name: replace(plan, ready=None) for name, plan in made_here.items()}
    return replace(checked, motions={**checked.motions, **unmade})
