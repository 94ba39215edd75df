"""How a CLIP is measured."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.models.captions import TOGETHER, groups, judge, measure, read_degrees, retrieval
from stages.motion.prompts import DEGREES
from tests.weights.tiny_clip import write_tiny_clip
from training.train.descriptions import AMOUNTS
from weights.load_clip import load_clip

NAMES = ("first", "second", "third")


def on_an_arc(amounts: np.ndarray) -> Tensor:
    """Where a perfect CLIP would see one amount: (N,) -> (N, 2), unit length."""
    angles = torch.from_numpy(amounts) * math.pi
    return torch.stack([angles.cos(), angles.sin()], dim=1).float()


def test_a_perfect_clip_reads_every_amount() -> None:
    truth = np.random.default_rng(0).uniform(size=(400, 3))
    degrees = on_an_arc(np.linspace(0, 1, len(DEGREES)))
    mean, best = read_degrees(on_an_arc(truth[:, 1]), degrees, scale=60.0)
    found = judge(mean, best, truth, 1, NAMES)
    assert found.rank > 0.99
    assert found.slope == pytest.approx(1, abs=0.1)
    assert found.off < 0.03 < found.chance
    assert abs(found.other_slope) < 0.05


def test_one_that_sees_nothing_reads_at_chance() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(size=(2000, 3))
    mean, best = read_degrees(on_an_arc(rng.uniform(size=2000)), on_an_arc(np.linspace(0, 1, 11)), scale=60.0)
    found = judge(mean, best, truth, 0, NAMES)
    assert abs(found.rank) < 0.1 and abs(found.slope) < 0.1
    assert found.off == pytest.approx(found.chance, abs=0.03)


def test_one_that_says_the_same_of_all_has_rank_nought() -> None:
    truth = np.random.default_rng(2).uniform(size=(20, 3))
    assert judge(np.full(20, 0.5), np.full(20, 0.5), truth, 0, NAMES).rank == 0


def test_a_reading_that_follows_another_amount_names_it() -> None:
    truth = np.random.default_rng(3).uniform(size=(400, 3))
    mean = 0.6 * truth[:, 0] - 0.4 * truth[:, 2]
    found = judge(mean, mean, truth, 0, NAMES)
    assert (found.other, found.other_slope) == ("third", pytest.approx(-0.4))
    assert found.slope == pytest.approx(0.6)


def test_retrieval_tells_its_two_directions_apart() -> None:
    pictures = torch.eye(4)
    assert retrieval(pictures, pictures) == (1, 1)
    assert retrieval(pictures, pictures.roll(1, dims=0)) == (0, 0)
    # One sentence near every image is found for all of them; each sentence still finds its own image best.
    greedy = torch.nn.functional.normalize(pictures + 2 * pictures[:1] * torch.tensor([[0.0], [0], [0], [1]]), dim=1)
    assert retrieval(pictures, greedy) == (1, 0.75)


def test_descriptions_to_choose_from_are_all_different() -> None:
    codes = np.zeros((2 * TOGETHER + 5, 64), np.float32)  # one face: only its sentences can differ
    asked = groups(codes, np.random.default_rng(4))
    assert [len(rows) for rows, _ in asked] == [TOGETHER] * 2
    assert all(len(set(texts)) == TOGETHER for _, texts in asked)


def test_every_figure_is_printed_of_a_folder_in_the_hubs_format(tmp_path, capsys) -> None:
    clip = load_clip(write_tiny_clip(tmp_path / "clip", positions=256))
    codes = np.random.default_rng(5).standard_normal((TOGETHER, 64)).astype(np.float32)
    measure(clip, torch.rand(TOGETHER, 3, 32, 32) * 2 - 1, codes)
    shown = capsys.readouterr().out
    assert "(by chance 3.1%)" in shown
    assert all(shown.count(f"    {name} ") == 2 for name in AMOUNTS)
