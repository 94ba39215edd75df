"""Checks that run on every machine of a cluster before work begins.

Each machine finds the registry's checkpoints in its own weights folder, and writes videos to a path that has to mean
the same place everywhere. Both are cheap to ask, and expensive to learn about in the middle of the night.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.errors import CheckpointError, ClusterError, UserError
from common.storage import why_not_writable
from pipeline.job.model import Model
from pipeline.job.spec import JobSpec
from stages.model_files import ModelFiles
from weights.find_clip import clip_hash, find_clip
from weights.registry import PARTS
from weights.store import find, sha256

MARK = ".written-from-"
OTHER_FILE = "{path}: expected {expected} as on the machine that starts the job, found {found}."
PATIENCE = 300.0  # seconds; a slow disk takes a minute to hash the published inverter


def on_every_node(work: Callable[..., str], *arguments: Any) -> dict[str, str]:
    """Call a function on every machine of the running Ray, at once.

    Args:
        work: called with `arguments` and the machine's id; returns an empty text, or what is wrong.

    Returns:
        From a machine, as "address (id)", to what it returned, or to why it did not answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote = ray.remote(num_cpus=0, max_retries=0)(work)
    asked = {}
    for node in ray.nodes():
        if node["Alive"]:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = remote.options(scheduling_strategy=there).remote(*arguments, node["NodeID"])
            asked[f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})"] = task
    answers = {}
    for machine, task in asked.items():
        try:
            answers[machine] = ray.get(task, timeout=PATIENCE)
        except (ray.exceptions.RayError, TimeoutError) as error:
            answers[machine] = f"it does not answer: {str(error).splitlines()[0]}"
    return answers


def check_nodes(job: JobSpec, model: Model) -> None:
    """Make sure that every machine of a running cluster can write videos and has the model; skipped in a local run.

    Raises:
        ClusterError: one cannot, or lacks a checkpoint.
    """
    if job.cluster.address == "local":
        return
    if job.videos:
        check_nodes_store(job.videos)
    else:
        check_nodes_write(job.output)
    check_nodes_weights(model)


def check_nodes_write(output: Path) -> None:
    """Make sure that every machine of a running cluster sees the output folder and may write into it.

    Raises:
        ClusterError: one does not.
    """
    answers = on_every_node(write_mark, str(output))
    arrived = {path.name.removeprefix(MARK) for path in output.glob(f"{MARK}*")}
    for name in arrived:
        (output / f"{MARK}{name}").unlink(missing_ok=True)
    for machine, problem in answers.items():
        if not problem and not any(f"({name[:8]})" in machine for name in arrived):
            problem = "what it writes does not arrive here"
        if problem:
            raise ClusterError(
                f"{output} cannot be written from the node {machine}: {problem}. "
                "Put the output on a mount that all nodes share."
            )


def check_nodes_store(videos: str) -> None:
    """Make sure that every machine of a running cluster can write to the store that the videos go to.

    Raises:
        ClusterError: one cannot.
    """
    for machine, problem in on_every_node(store_refuses, videos).items():
        if problem:
            raise ClusterError(f"{videos} cannot be written from the node {machine}: {problem}.")


def store_refuses(videos: str, node: str = "") -> str:
    """Why this machine cannot write to a store; empty if it can. The machine's id, `node`, changes nothing."""
    return why_not_writable(videos)


def write_mark(output: str, node: str) -> str:
    """Write an empty file into the output folder; returns what went wrong."""
    try:
        (Path(output) / f"{MARK}{node}").touch()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def nodes_without_weights(model: Model) -> dict[str, str]:
    """Machines of the running Ray that lack a checkpoint of a model, or have another one, and what is wrong there."""
    answers = on_every_node(
        weights_missing, model.files, {**model.hashes, **({"clip": model.clip} if model.clip else {})}
    )
    return {machine: problem for machine, problem in answers.items() if problem}


def check_nodes_weights(model: Model) -> None:
    """Make sure that every machine of a running cluster has a model's checkpoints, the same as this one.

    Raises:
        ClusterError: machines and what each lacks.
    """
    if wrong := nodes_without_weights(model):
        said = " ".join(f"{machine}: {problem}" for machine, problem in wrong.items())
        raise ClusterError(f"{len(wrong)} of the cluster's nodes cannot load the model. {said}")


def weights_missing(files: ModelFiles, hashes: Mapping[str, str], node: str = "") -> str:
    """What this machine lacks of a model, as sentences; empty if nothing.

    Args:
        files: names of the registry, or paths.
        hashes: `sha256:…` of each part's file, and of the CLIP where one is needed, where the job was started.
        node: the machine's id, which changes nothing.
    """
    problems = []
    for part in PARTS:
        try:
            path = find(getattr(files, part), part)
        except CheckpointError as missing:
            problems.append(str(missing))
            continue
        if (found := sha256(path)) != hashes[part]:
            problems.append(OTHER_FILE.format(path=path, expected=hashes[part], found=found))
    if "clip" in hashes:
        try:
            folder = find_clip(files.clip)
            if (found := clip_hash(folder)) != hashes["clip"]:
                problems.append(OTHER_FILE.format(path=folder, expected=hashes["clip"], found=found))
        except UserError as missing:
            problems.append(str(missing))
    return " ".join(problems)
