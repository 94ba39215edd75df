"""How many workers of which size fit this cluster.

A flow has two kinds of workers: those that detect faces, and those that render videos. Ray lets one kind wait for
ever, without a word, when it cannot start because the other holds all there is. Therefore both kinds ask for equal
shares of a node's cores, so that however Ray places them they all fit; GPUs are shared among render workers alone, in
equal parts, for the same reason. Detecting a face is light beside rendering its video, and stays on the cores.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import ClusterError

# A little of each node is left to Ray itself and to the driver.
USABLE = 0.95
# A GPU renders faster than a core or two encode: a second worker keeps it busy while the first one encodes. More
# may be asked for; their networks must then fit the GPU's memory several times.
RENDERERS_PER_GPU = 2
MOST_RENDERERS_PER_GPU = 4
# One detection worker on a core keeps about eight render workers on cores busy, but hardly one on a GPU.
RENDERERS_PER_DETECTOR = 8


@dataclass(frozen=True)
class Node:
    """One machine of a cluster: its cores, its GPUs, and the bytes of memory that Ray gives to workers."""

    cpus: float
    gpus: float = 0.0
    memory: float = math.inf


@dataclass(frozen=True)
class PoolSize:
    """Workers of one kind.

    Attributes:
        workers: how many.
        cpus: cores of each, as a share that Ray reckons with (at least 0.0001).
        gpus: GPU share of each; 0 for work on cores.
    """

    workers: int
    cpus: float
    gpus: float = 0.0

    @property
    def device(self) -> str:
        """Where its networks run."""
        return "cuda" if self.gpus else "cpu"


@dataclass(frozen=True)
class WorkerLayout:
    """What runs on a cluster: `detect` finds faces, `render` makes videos; `sentence` says so to a person."""

    detect: PoolSize
    render: PoolSize
    sentence: str

    @property
    def cores(self) -> float:
        """That all workers have together."""
        return sum(pool.workers * pool.cpus for pool in (self.detect, self.render))


def plan_workers(
    nodes: Sequence[Node],
    rows: int,
    workers: int | None = None,
    device: str = "auto",
    render_bytes: float = 2 << 30,
) -> WorkerLayout:
    """Pools of workers that all fit.

    Args:
        nodes: the cluster's machines.
        rows: how many targets there are: no more workers than rows are started.
        workers: how many render workers the job asks for; by default as many as fit.
        device: "auto" takes GPUs where there are any, "cpu" leaves them alone, "cuda" insists on them.
        render_bytes: memory that one render worker needs.

    Raises:
        ClusterError: nothing fits, or less than the job asks for.
    """
    usable = [node for node in nodes if node.cpus > 0]
    if not usable:
        raise ClusterError("The cluster has no CPU to work on. Start a node with CPUs, or wait until one has joined.")
    cluster = _describe_cluster(usable)
    with_gpus = [node for node in usable if node.gpus >= 1]
    if device == "cuda" and not with_gpus:
        raise ClusterError(f"cluster.device is cuda, but {cluster} has no GPU. Use auto or cpu, or add a GPU.")
    on_gpus = bool(with_gpus) and device != "cpu"
    hosts = with_gpus if on_gpus else usable
    # A place is where render workers share something whole: a GPU, or a node's cores.
    places = [int(node.gpus) if on_gpus else 1 for node in hosts]
    most = [_most_renderers(node, on_gpus, render_bytes) for node in hosts]  # on one place of each host
    held = sum(place * count for place, count in zip(places, most, strict=True))
    if workers is not None and workers > held:
        raise ClusterError(
            f"cluster.workers asks for {workers}, but {cluster} holds at most {held}. Ask for fewer, or leave it out."
        )
    usual = [min(count, RENDERERS_PER_GPU) if on_gpus else count for count in most]
    wanted = workers or sum(place * count for place, count in zip(places, usual, strict=True))
    wanted = max(1, min(wanted, rows))
    level = _level(wanted, places, most)
    renderers = [place * min(count, level) for place, count in zip(places, most, strict=True)]
    if on_gpus:  # the same number on each host: spread evenly, they then leave room for every render worker
        detectors = [max(1, min(max(renderers), *(int(node.cpus) // 4 for node in hosts)))] * len(hosts)
    else:
        detectors = [math.ceil(count / RENDERERS_PER_DETECTOR) for count in renderers]
    slots = [count + finders for count, finders in zip(renderers, detectors, strict=True)]
    cpus = min(USABLE * node.cpus / count for node, count in zip(hosts, slots, strict=True))
    cpus = _floor(cpus)
    if cpus <= 0:
        raise ClusterError(f"{cluster} has too few CPUs for its GPUs. Ask for fewer with cluster.workers.")
    detect = PoolSize(min(sum(detectors), math.ceil(rows / 4) or 1), cpus)
    render = PoolSize(wanted, cpus, _floor(1 / level) if on_gpus else 0.0)
    return WorkerLayout(detect, render, _describe_workers(detect, render, cluster))


def _most_renderers(node: Node, on_gpus: bool, render_bytes: float) -> int:
    """How many render workers one GPU of a node holds, or all its cores; memory bounds both."""
    places = int(node.gpus) if on_gpus else 1
    most = MOST_RENDERERS_PER_GPU if on_gpus else int(node.cpus)
    in_memory = most if math.isinf(node.memory) else int(node.memory / render_bytes / places)
    return max(1, min(most, in_memory))


def _level(wanted: int, places: Sequence[int], most: Sequence[int]) -> int:
    """The smallest number of render workers a place at which all places together hold as many as are wanted."""
    for level in range(1, max(most)):
        if sum(place * min(count, level) for place, count in zip(places, most, strict=True)) >= wanted:
            return level
    return max(most)


def _floor(share: float) -> float:
    """A share in Ray's resolution, rounded down so that the parts never exceed the whole."""
    return math.floor(share * 1e4 + 1e-6) / 1e4


def _describe_cluster(nodes: Sequence[Node]) -> str:
    """The cluster in a few words."""
    cpus, gpus = sum(node.cpus for node in nodes), int(sum(node.gpus for node in nodes))
    machine = "the one machine" if len(nodes) == 1 else f"the cluster of {len(nodes)} machines"
    return f"{machine} ({cpus:g} CPU{'s' if cpus != 1 else ''}, {gpus or 'no'} GPU{'s' if gpus != 1 else ''})"


def _describe_workers(detect: PoolSize, render: PoolSize, cluster: str) -> str:
    """What runs where, for a person."""
    finders = "1 detection worker" if detect.workers == 1 else f"{detect.workers} detection workers"
    makers = "1 render worker" if render.workers == 1 else f"{render.workers} render workers"
    gpus = f" and {render.gpus:.2g} GPU" if render.gpus else ""
    return f"{finders}, {makers} ({render.cpus:.2g} CPU{gpus} each) on {cluster}"
