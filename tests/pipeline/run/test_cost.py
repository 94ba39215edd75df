"""How long a job takes, as a plan tells it before."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.cluster.sizing import PoolSize, WorkerLayout
from pipeline.run import cost
from pipeline.run.cost import (
    IDENTITY,
    LANDMARKS,
    RENDER,
    core_slowness,
    describe_time,
    distinct_frames,
    render_seconds,
    row_seconds,
)
from stages.model_files import BUNDLED, ModelFiles


def checked(
    resolution: int = 128, rows: int = 10, rehearsal: bool = False, files: ModelFiles = BUNDLED, **video: Any
) -> Any:
    """What the estimate reads of a checked job."""
    settings = {"frames": 60, "path": "pingpong", "pixels": "generator", "longest": 1024, "layout": "crop"}
    settings |= {"measured_frames": 30} | video
    job = SimpleNamespace(video=SimpleNamespace(**settings), iterations=5, rehearsal=rehearsal)
    return SimpleNamespace(job=job, manifest=range(rows), model=SimpleNamespace(resolution=resolution, files=files))


def test_a_path_that_comes_back_has_half_the_frames_to_make() -> None:
    assert distinct_frames(60, "pingpong") == 30
    assert distinct_frames(61, "pingpong") == 31
    assert distinct_frames(60, "linear") == distinct_frames(60, "replay") == 60


def test_a_resolution_between_two_is_taken_for_the_larger() -> None:
    assert render_seconds(64) == RENDER[128]
    assert render_seconds(1024) == RENDER[1024]
    assert render_seconds(300) == RENDER[512]


@pytest.mark.parametrize("pixels", ["generator", "picture"])
def test_more_frames_a_larger_generator_and_measuring_take_longer(pixels: str) -> None:
    usual = row_seconds(checked(pixels=pixels))
    assert row_seconds(checked(pixels=pixels, frames=120)) > usual
    assert row_seconds(checked(1024, pixels=pixels)) > usual
    assert row_seconds(checked(pixels=pixels, path="linear")) > usual
    unmeasured = row_seconds(checked(pixels=pixels, measured_frames=0))
    assert usual - unmeasured == pytest.approx(15 * (LANDMARKS[0] + IDENTITY[0]))
    assert row_seconds(checked(pixels=pixels, rehearsal=True)) < unmeasured


def test_a_published_network_costs_what_it_does_whatever_the_others_are() -> None:
    usual = row_seconds(checked())
    published = ModelFiles(generator="synthface", inverter="synthface", landmarks="2DFAN4.pth")
    assert row_seconds(checked(files=published)) - usual == pytest.approx(18 * (LANDMARKS[1] - LANDMARKS[0]))
    published = ModelFiles(generator="synthface", inverter="restyle.pt")
    assert row_seconds(checked(files=published)) > usual


def test_a_slower_core_is_told_a_longer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.1 < core_slowness() < 1000
    none: Any = SimpleNamespace(kept=(), failed=())
    layout = WorkerLayout(PoolSize(1, 0.5), PoolSize(2, 1.0), "")
    times = []
    for slowness in (1.0, 100.0):
        monkeypatch.setattr(cost, "core_slowness", lambda slowness=slowness: slowness)
        times.append(describe_time(checked(rows=1000), none, layout))
    assert times[0] != times[1]


def test_time_falls_with_cores_and_is_not_told_of_gpus_or_of_nothing() -> None:
    none: Any = SimpleNamespace(kept=(), failed=())
    layout = WorkerLayout(PoolSize(1, 0.5), PoolSize(2, 1.0), "")
    job = checked(rows=1000)
    told = describe_time(job, none, layout)
    assert told.startswith("time: about ") and told.endswith(", 2.5 cores)"), "those of both kinds of workers"
    assert describe_time(job, none, replace(layout, render=PoolSize(2, 4.0))) != told
    assert describe_time(job, none, replace(layout, render=PoolSize(1, 1.0, 0.5))) == ""
    assert describe_time(job, SimpleNamespace(kept=range(900), failed=range(100)), layout) == ""  # type: ignore[arg-type]
