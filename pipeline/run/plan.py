"""What a run would do, where, and with how many workers; `plan` prints it, and `run` decides by it."""

from dataclasses import dataclass
from pathlib import Path

from common import storage
from common.errors import ManifestError
from common.formatting import count as counted
from common.formatting import size
from manifests.looking import hosts_of
from manifests.misspelt_columns import misspelt_notes
from manifests.strengths import strength_notes
from pipeline.cluster.layout import layout_for, render_bytes, this_machine
from pipeline.cluster.limits import check_limits
from pipeline.cluster.machine import free_memory, usable_cores
from pipeline.cluster.preflight import nodes_without_weights
from pipeline.cluster.session import ray_session
from pipeline.job.checks import Checked, check_job
from pipeline.job.image_checks import ImageChecks, check_images
from pipeline.job.model import Model
from pipeline.job.motion_plan import MotionPlan
from pipeline.job.spec import JobSpec
from pipeline.output.disk_space import space_for
from pipeline.output.existing import find_existing
from pipeline.output.job_diff import describe_changes
from pipeline.output.stray_videos import describe_strays, strays_of
from pipeline.run.clip_look import report_clip
from pipeline.run.cost import describe_time

MOST_HOSTS = 10


@dataclass(frozen=True)
class Plan:
    """What a run would do: `rows` in all, of which `kept` are done; `lines` describe it.

    `sound` where nothing in them would keep it from its end, as too little room or nodes without the model would;
    `doubts` where rows will fail, or a value may not be meant.
    """

    rows: int
    kept: int
    lines: tuple[str, ...]
    sound: bool = True
    doubts: bool = False


def plan_job(job: JobSpec, clips: Path | None = None) -> Plan:
    """Check everything and describe what would run where; starts no work and writes nothing into the output folder.

    A cluster is asked how many workers fit there, and whether each of its machines has the model.

    Args:
        job: as `load_job` gives it.
        clips: folder in which sheets of clips' anchors are kept, with what was found; None keeps none.

    Raises:
        UserError: as `check_job`, or the job cannot fit.
    """
    checked = check_job(job)
    existing = find_existing(checked)
    kept, count = len(existing.kept), len(checked.manifest)
    lines = [f"job {job.name}: {counted(count, 'row')} in {job.manifest}, {kept:,} done already"]
    lines += [change] if (change := describe_changes(checked, existing)) else []
    doubtful = False
    for name, plan in checked.motions.items():
        lines.append(f"motion {name}: {_describe_motion(plan)}")
        if plan.ready is None and plan.spec.clip is not None and plan.source is not None:
            seen = report_clip(plan, checked.model, job.iterations, clips)
            lines += [f"motion {name}: {line}" for line in seen.lines]
            doubtful |= seen.doubtful
    model = checked.model
    lines.append(
        f"model: generator of {model.resolution} px and {model.num_layers} layers, fingerprint {model.generator}"
    )
    video, where = job.video, storage.strip_credentials(job.videos) if job.videos else job.output
    lines.append(f"videos: {video.frames} frames at {video.fps:g} fps, {video.path}, {video.layout}, into {where}")
    looked, hosts = _check_images(checked)
    lines += looked.lines
    if hosts:
        shown = ", ".join(f"{host} ({number:,})" for host, number in list(hosts.items())[:MOST_HOSTS])
        more = f" and {len(hosts) - MOST_HOSTS:,} more" if len(hosts) > MOST_HOSTS else ""
        lines.append(f"network: {counted(len(hosts), 'host')} will be contacted: {shown}{more}")
    lines += (odd := strength_notes(checked.manifest, checked.job.video.strength) + misspelt_notes(checked.manifest))
    if strays := describe_strays(strays_of(checked)):
        lines.append(f"videos {strays}")
    space = space_for(checked, existing)
    lines.append(f"space: {space.sentence}" + ("" if space.enough else ": TOO LITTLE"))
    wrong: dict[str, str] = {}
    if job.cluster.address == "local":
        check_limits(usable_cores(), job.cluster.object_store_mb << 20)
        layout = layout_for(checked, this_machine())
        lines.append(layout.sentence)
        lines += [line] if (line := describe_time(checked, existing, layout)) else []
        lines += (lacking := _lacking(model))
        wrong |= dict.fromkeys(lacking, "")
    else:
        with ray_session(job.cluster) as nodes:
            lines.append(f"on the cluster at {job.cluster.address}: {layout_for(checked, nodes).sentence}")
            wrong = nodes_without_weights(model)
            lines += [f"node {machine}: {problem}" for machine, problem in wrong.items()]
            lines += [] if wrong else ["every node has the model"]
    return Plan(count, kept, tuple(lines), space.enough and not wrong, doubts=bool(doubtful or looked.failing or odd))


def _check_images(checked: Checked) -> tuple[ImageChecks, dict[str, int]]:
    """What is wrong with the images, and the hosts that they come from.

    Of a cluster's images this machine may see none: then that they are not here is said, and not refused.

    Raises:
        ManifestError: more than half of the images are not there, or cannot be opened.
    """
    manifest, images = checked.manifest, checked.rows["image"].to_pylist()
    hosts = hosts_of(images)
    try:
        return check_images(manifest, images), hosts
    except ManifestError as error:
        if checked.job.cluster.address == "local":
            raise
        return ImageChecks((f"images, as this machine sees them: {error}",), 1), hosts


def _lacking(model: Model) -> list[str]:
    """What this machine lacks for one worker of each kind."""
    free, needed = free_memory(), 2 * render_bytes(model)
    lines = []
    if free < needed:
        lines.append(f"memory: {size(free)} free, and two workers need {size(needed)}: TOO LITTLE")
    return lines


def _describe_motion(plan: MotionPlan) -> str:
    """Where a motion comes from, and what has to be done for it."""
    anchors = plan.spec.anchors
    if plan.spec.text is not None:
        source = f'"{plan.spec.text}"'
        work = (
            f"to be made from {counted(len(anchors.seeds), 'identity', 'identities')} at {len(anchors.degrees)} degrees"
        )
    else:
        source, work = str(plan.source), f"to be extracted from at most {plan.spec.max_anchors} frames"
    return f"{source}, {'ready' if plan.ready is not None else work}"
