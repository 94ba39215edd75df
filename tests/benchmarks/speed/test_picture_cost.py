"""What the cost of both ways is made of, and how it is printed."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.models.demo_motions import DEMO
from benchmarks.speed.picture_cost import HEADING, parse, peak_of_this_process, table_lines, verdict_lines
from benchmarks.speed.picture_cost_measures import (
    SET_UP,
    Cost,
    cpu_seconds,
    enlarged_face,
    measure_pairs,
    measure_way,
    median_cost,
)
from stages.faces.align import face_quad
from stages.models import Models

FRAMES = 3


@pytest.fixture(scope="module")
def direction(models: Models) -> torch.Tensor:
    seeded = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(models.generator.num_layers, 512, generator=seeded)


def test_a_row_is_the_sum_of_its_parts() -> None:
    cost = Cost((10, 10), frame=0.5, encoding=0.25, set_up={"keys": 2.0, "fit": 1.0})
    assert cost.row(common=4.0) == 4 + 3 + 60 * 0.75


def test_medians_are_taken_figure_by_figure() -> None:
    costs = [Cost((8, 8), frame, 4 - frame, {"keys": 2 * frame}) for frame in (1.0, 3.0, 2.0)]
    assert median_cost(costs) == Cost((8, 8), 2.0, 2.0, {"keys": 4.0})


def test_time_of_the_processor_does_not_go_by_while_one_waits() -> None:
    before = cpu_seconds()
    sum(number * number for number in range(300_000))
    assert 0 < cpu_seconds() - before < 60


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux says how much memory was needed")
@pytest.mark.slow
def test_peak_memory_is_the_process_s_own_and_not_its_parent_s() -> None:
    before = peak_of_this_process()
    held = np.ones(400 << 20, np.uint8)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        child = pool.apply(peak_of_this_process)
    assert held.all()
    assert peak_of_this_process() >= max(before, 400)
    assert 0 < child < peak_of_this_process() - 100


@pytest.mark.parametrize("size", [160, 400])
@pytest.mark.slow
def test_a_face_is_enlarged_until_its_crop_has_the_size(models: Models, direction: torch.Tensor, size: int) -> None:
    face = enlarged_face(models, DEMO / "faces/face_01.jpg", size, FRAMES, direction)
    quad = face_quad(face.landmarks)
    assert np.hypot(*(quad[3] - quad[0])) == pytest.approx(size, rel=0.03)
    assert len(face.codes) == FRAMES
    assert not torch.equal(face.codes[0], face.rest)
    torch.testing.assert_close(face.codes[-1], face.rest + direction)


@pytest.mark.slow
def test_both_ways_are_measured_in_the_sizes_that_their_layouts_have(models: Models, direction: torch.Tensor) -> None:
    face = enlarged_face(models, DEMO / "faces/face_01.jpg", 160, FRAMES, direction)
    costs = measure_pairs(models, face, "crop", repeats=1)
    assert costs["generator"].shape == (models.generator.resolution,) * 2
    assert costs["generator"].set_up == {}
    assert set(costs["picture"].set_up) == set(SET_UP)
    assert all(costs["picture"].set_up[part] > 0 for part in ("keys", "landmarks", "fit", "appearance"))
    assert all(cost.frame > 0 and cost.encoding > 0 for cost in costs.values())
    for way in costs:
        assert measure_way(models, face, "paste", way).shape == face.image.shape[:2]


@pytest.mark.slow
def test_setting_up_is_measured_without_changing_what_is_measured(models: Models, direction: torch.Tensor) -> None:
    from benchmarks.speed import picture_cost_measures
    from stages.picture import mover

    before = dict(vars(mover))
    face = enlarged_face(models, DEMO / "faces/face_01.jpg", 160, FRAMES, direction)
    list(picture_cost_measures.moved_frames(models, face, "crop", {}))
    assert vars(mover) == before
    assert "synthesize" not in vars(models.generator)


def test_the_verdict_needs_ten_frames_a_second_without_encoding_and_with_it() -> None:
    fast, slow = Cost((8, 8), 0.05, 0.04), Cost((8, 8), 0.09, 0.04)
    assert [line.split(":")[0] for line in verdict_lines(1024, "crop", fast)] == ["met", "met"]
    assert [line.split(":")[0] for line in verdict_lines(1024, "crop", slow)] == ["met", "MISSED"]


def test_each_way_has_a_line_as_wide_as_the_heading() -> None:
    cost = Cost((1024, 1024), 0.05, 0.05, {"keys": 1.5})
    (line,) = table_lines(1024, "crop", 2.0, {"picture": cost}, {"picture": 512.0})
    assert " ".join(line.split()) == "1024 crop 1024 x 1024 picture 2.00 1.50 50.0 50.0 20.0 10.0 9.5 512"
    assert len(line) == len(HEADING.splitlines()[1])


@pytest.mark.parametrize(
    "arguments", [["--sizes", "64"], ["--frames", "0"], ["--repeats", "0"], ["--layouts", "side_by_side"]]
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(arguments)
    assert refused.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_default_sizes_are_small_usual_and_huge() -> None:
    options = parse([])
    assert options.sizes == [256, 1024, 4000]
    assert Path(options.face).is_file()
