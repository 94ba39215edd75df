"""How many workers a job gets, for its videos and for the anchors of a motion."""

from pathlib import Path

import pytest

from pipeline.cluster import layout
from pipeline.cluster.sizing import Node
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from stages.model_files import BUNDLED
from tests.pipeline.material import write_job

# Of 1 GB: a worker needs 2.7 GB, and 6 GB more for the anchors of a prompt.
MODEL = Model(BUNDLED, {}, "", 12, 128, 1 << 30, degree_bytes=1 << 30)
PROMPT = "a person with {degree} smile"


def test_fewer_machines_than_the_job_asks_for_get_as_many_workers_as_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = check_job(load_job(write_job(tmp_path), ["cluster.workers=4", "cluster.address=auto"]))
    for machines, workers in (([Node(4.0)] * 2, 4), ([Node(3.0)], 3)):
        monkeypatch.setattr(layout, "machines", lambda machines=machines: machines)
        fitting = layout.layout_now(checked)
        assert fitting is not None and fitting.render.workers == workers
    monkeypatch.setattr(layout, "machines", lambda: [Node(0.0)])
    assert layout.layout_now(checked) is None


def test_a_clip_gets_no_more_workers_than_anchors_and_no_more_than_fit() -> None:
    spec = MotionSpec(clip="smile.mp4", max_anchors=3)
    assert layout.anchor_pool([Node(16.0)], spec, MODEL, ClusterSpec()).workers == 3
    assert layout.anchor_pool([Node(2.0)], spec, MODEL, ClusterSpec()).workers == 2
    assert layout.anchor_pool([Node(16.0)], spec, MODEL, ClusterSpec(workers=1)).workers == 1


def test_a_prompt_gets_a_worker_for_each_identity_as_far_as_their_degrees_fit_the_memory() -> None:
    spec, clip = MotionSpec(text=PROMPT), MotionSpec(clip="smile.mp4", max_anchors=4)
    assert layout.anchor_pool([Node(16.0)], spec, MODEL, ClusterSpec()).workers == len(spec.anchors.seeds)
    memory = 4.5 * layout.render_bytes(MODEL)
    assert layout.anchor_pool([Node(16.0, memory=memory)], clip, MODEL, ClusterSpec()).workers == 4
    assert layout.anchor_pool([Node(16.0, memory=memory)], spec, MODEL, ClusterSpec()).workers < 4
