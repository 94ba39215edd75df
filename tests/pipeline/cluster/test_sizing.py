"""Worker pools: whatever the cluster, they fit, and say so."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ClusterError
from pipeline.cluster.sizing import Node, WorkerLayout, plan_workers

nodes = st.lists(
    st.builds(Node, st.integers(0, 200), st.integers(0, 8), st.just(math.inf) | st.floats(1e9, 1e12)),
    min_size=1,
    max_size=6,
)


def spread(cluster: list[Node], layout: WorkerLayout, first: str) -> bool:
    """Place every worker as Ray's SPREAD strategy does, node after node in turn, one kind before the other."""
    cpus, gpus = [node.cpus for node in cluster], [[1.0] * int(node.gpus) for node in cluster]
    pools = [layout.detect, layout.render] if first == "detect" else [layout.render, layout.detect]
    turn = 0
    for pool in pools:
        for _ in range(pool.workers):
            for step in range(len(cluster)):
                at = (turn + step) % len(cluster)
                room = [left for left in gpus[at] if left >= pool.gpus - 1e-9]
                if cpus[at] >= pool.cpus - 1e-9 and (room or not pool.gpus):
                    cpus[at] -= pool.cpus
                    if pool.gpus:  # the fullest GPU that still has room: Ray packs fractions
                        gpus[at][gpus[at].index(min(room))] -= pool.gpus
                    turn = (at + 1) % len(cluster)
                    break
            else:
                return False
    return True


@given(nodes, st.integers(1, 10_000), st.sampled_from(["auto", "cpu"]), st.floats(1e8, 1e11))
def test_every_worker_finds_room_whatever_the_cluster(
    cluster: list[Node], rows: int, device: str, render_bytes: float
) -> None:
    if not any(node.cpus for node in cluster):
        return
    layout = plan_workers(cluster, rows, None, device, render_bytes)
    assert layout.detect.workers >= 1 <= layout.render.workers <= rows
    assert spread(cluster, layout, "detect")
    assert spread(cluster, layout, "render")


@given(nodes.filter(lambda cluster: any(node.cpus for node in cluster)), st.integers(1, 400))
def test_asking_for_workers_gives_that_many_or_is_refused(cluster: list[Node], workers: int) -> None:
    try:
        layout = plan_workers(cluster, 10_000, workers)
    except ClusterError as error:
        assert f"asks for {workers}" in str(error)
    else:
        assert layout.render.workers == workers
        assert spread(cluster, layout, "detect")


@pytest.mark.parametrize(
    ("cluster", "detect", "render", "gpus"),
    [
        ([Node(1)], 1, 1, 0.0),
        ([Node(2)], 1, 2, 0.0),
        ([Node(16)], 2, 16, 0.0),
        ([Node(4), Node(64)], 9, 68, 0.0),
        ([Node(2, 1)], 1, 2, 0.5),
        ([Node(16, 1)], 2, 2, 0.5),
        ([Node(128, 8)], 16, 16, 0.5),
        ([Node(128, 8), Node(128, 8)], 32, 32, 0.5),
        ([Node(0), Node(16, 1)], 2, 2, 0.5),
    ],
)
def test_a_known_cluster_gets_known_pools(cluster: list[Node], detect: int, render: int, gpus: float) -> None:
    layout = plan_workers(cluster, rows=10_000)
    assert (layout.detect.workers, layout.render.workers, layout.render.gpus) == (detect, render, gpus)
    assert layout.detect.device == "cpu"
    assert layout.render.device == ("cuda" if gpus else "cpu")


def test_no_more_workers_than_rows() -> None:
    layout = plan_workers([Node(64)], rows=3)
    assert (layout.detect.workers, layout.render.workers) == (1, 3)
    assert layout.render.cpus > 10  # what the missing workers leave, the others have


def test_little_memory_means_few_workers() -> None:
    assert plan_workers([Node(64, memory=16e9)], 1000, render_bytes=4e9).render.workers == 4


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ClusterError, match="no GPU"):
        plan_workers([Node(8)], 10, device="cuda")


@pytest.mark.parametrize("cluster", [[], [Node(0)], [Node(0, 8)]])
def test_a_cluster_without_cpus_is_refused(cluster: list[Node]) -> None:
    with pytest.raises(ClusterError, match="no CPU"):
        plan_workers(cluster, 10)


def test_the_sentence_says_who_works_where() -> None:
    layout = plan_workers([Node(2)], 10)
    assert layout.sentence == (
        "1 detection worker, 2 render workers (0.63 CPU each) on the one machine (2 CPUs, no GPUs)"
    )
