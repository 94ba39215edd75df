"""Extracting a movement by itself: from a clip to a micromotion's file, without any targets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.checks import Model, check_model, check_output, producer_bytes
from pipeline.events import EventLog
from pipeline.failures import explained
from pipeline.interruption import Interruption
from pipeline.job import ClusterSpec, ModelSpec, MotionSpec
from pipeline.motion_flow import MotionFlow
from pipeline.ray_session import ray_session
from pipeline.resources import Node, plan_workers


def extract_motion(
    clip: Path,
    output: Path,
    events: EventLog,
    *,
    model: ModelSpec | str = "synthface",
    cluster: ClusterSpec | None = None,
    iterations: int = 5,
    **fit: Any,
) -> Path:
    """Extract the movement of a clip into a file; the picture of its anchors stands beside it.

    Args:
        clip: a video of one face.
        output: the `.safetensors` file.
        events: where progress is told.
        model: a name of the registry, or its checkpoint files.
        cluster: where to work; this machine by default.
        iterations: the inverter's steps.
        fit: `max_anchors`, `rank`, `energy`, `per_layer`, as in a job's `motion`.

    Returns:
        `output`.

    Raises:
        UserError: the clip, the model or the output cannot be used.
    """
    spec = MotionSpec(clip=str(clip), **fit)
    cluster = cluster or ClusterSpec()
    check_output(output.parent)
    names = ModelSpec(**dict.fromkeys(ModelSpec.model_fields, model)) if isinstance(model, str) else model
    found = check_model(names)
    output.parent.mkdir(parents=True, exist_ok=True)
    interruption = Interruption()
    with interruption.listening(), ray_session(cluster) as nodes:
        flow = motion_flow(found, spec, iterations, cluster, nodes, events, interruption)
        with interruption.flow(), explained():
            flow.extract(output.stem, spec, clip, output, output.with_suffix(".png"))
    return output


def motion_flow(
    model: Model,
    spec: MotionSpec,
    iterations: int,
    cluster: ClusterSpec,
    nodes: list[Node],
    events: EventLog,
    interruption: Interruption,
) -> MotionFlow:
    """The flow that extracts a movement, with workers as many as fit and as there are anchors."""
    pool = plan_workers(nodes, spec.max_anchors, cluster.workers, cluster.device, producer_bytes(model)).produce
    return MotionFlow(
        model=replace(model.files, device=pool.device),
        generator=model.generator,
        iterations=iterations,
        pool=pool,
        stall_timeout=cluster.stall_timeout,
        events=events,
        on_wait=interruption.check,
    )
