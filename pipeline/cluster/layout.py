"""The workers of a job: for its videos, and for the anchors of a motion; as many as fit the machines."""

from contextlib import suppress

from common.errors import ClusterError
from pipeline.cluster.machine import cores_of_group, count_gpus, free_memory, usable_cores
from pipeline.cluster.session import machines
from pipeline.cluster.sizing import Node, PoolSize, WorkerLayout, plan_workers
from pipeline.job.checks import Checked
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from stages.anchor_settings import CPU_BYTES


def layout_for(checked: Checked, nodes: list[Node], as_asked: bool = True) -> WorkerLayout:
    """The workers that make a job's videos: as many as the job asks for, or as fit.

    Raises:
        ClusterError: nothing fits, or less than the job asks for.
    """
    cluster, rows = checked.job.cluster, len(checked.manifest)
    workers = cluster.workers if as_asked else None
    return plan_workers(nodes, rows, workers, cluster.device, render_bytes(checked.model))


def layout_now(checked: Checked) -> WorkerLayout | None:
    """The workers that fit the machines that are up, fewer than the job asks for where some have gone, or none."""
    nodes = machines()
    for as_asked in (True, False):
        with suppress(ClusterError):
            return layout_for(checked, nodes, as_asked)
    return None


def anchor_pool(nodes: list[Node], spec: MotionSpec, model: Model, cluster: ClusterSpec) -> PoolSize:
    """The workers that make a motion's anchors: no more than there are frames or identities.

    Raises:
        ClusterError: nothing fits, or less than the job asks for.
    """
    rows, each = spec.max_anchors, render_bytes(model)
    if spec.text is not None:
        rows = len(spec.anchors.seeds)
        each += min(CPU_BYTES, len(spec.anchors.degrees) * model.degree_bytes)
    return plan_workers(nodes, rows, cluster.workers, cluster.device, each).render


def this_machine() -> list[Node]:
    """The one machine of a local run, without starting Ray."""
    cores = min(usable_cores(), cores_of_group())
    return [Node(cores, count_gpus(), 0.7 * free_memory())]


def render_bytes(model: Model) -> float:
    """Memory that one render worker needs: Python and PyTorch, the networks, and frames of the model's resolution."""
    frames = 8 * 16 * 4 * 3 * model.resolution**2  # eight at a time, with what lies between their layers
    return (700 << 20) + 2 * model.bytes + frames
