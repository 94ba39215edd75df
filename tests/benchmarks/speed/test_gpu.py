"""The table of a GPU's speed, made on the CPU with a tiny generator: every line comes, whatever its figures."""

import functools
import math

import pytest
import torch

from benchmarks.speed import gpu
from benchmarks.speed.gpu import psnr, rate, size_rows, where_time_goes
from stages.execution.mixed_precision import MixedPrecision
from weights.networks.stylegan2 import Generator


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator of few channels, run on the CPU as a card would run it."""
    small = functools.partial(Generator, mapping_layers=1, channels={4: 8, 8: 8, 16: 8, 32: 8})

    def run_as_on_a_card(generator: Generator, device: str) -> Generator:
        generator.runner = MixedPrecision(generator)
        return generator

    monkeypatch.setattr(gpu, "Generator", small)
    monkeypatch.setattr(gpu, "CODES", 4)
    monkeypatch.setattr(gpu, "accelerated", run_as_on_a_card)


@torch.inference_mode()
def test_every_line_has_a_figure_and_what_is_wanted() -> None:
    rows = size_rows(32, 1e12, 0.0, "cpu")
    assert [row.wanted for row in rows] == [3.0, 0.4, 1.0, 0.9]
    assert all(math.isfinite(row.ratio) and row.ratio > 0 for row in rows)
    assert rows[2].ratio >= 1.0  # PSNR is the same on any device
    assert "conv" in where_time_goes(32, "cpu")


def test_a_rate_counts_what_each_call_makes() -> None:
    calls: list[int] = []
    assert rate(lambda: calls.append(1), 8, 0.0, "cpu") > 0
    assert len(calls) == 2


def test_equal_pictures_are_infinitely_alike_and_what_no_screen_shows_does_not_count() -> None:
    picture = torch.full((1, 3, 4, 4), 2.0)
    assert psnr(picture, picture * 3) == math.inf
    assert psnr(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.2)) == pytest.approx(20.0)
