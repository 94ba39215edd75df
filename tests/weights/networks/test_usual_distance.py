"""Codes drawn in towards the mean of a generator's own."""

import pytest
import torch

from weights.load_networks import load_generator
from weights.networks.usual_distance import drawn_in, usual_distance


def test_layers_are_drawn_in_each_for_itself() -> None:
    mean, away = torch.randn(512), torch.zeros(12, 512)
    away[0, 0], away[1, 0] = 9.0, 0.2
    drawn = drawn_in(mean + away, mean, farthest=1.5)
    torch.testing.assert_close(drawn[1:], (mean + away)[1:])
    assert float((drawn[0] - mean).norm()) == pytest.approx(1.5, rel=1e-4)


def test_the_mean_itself_stays() -> None:
    mean = torch.randn(12, 512)
    torch.testing.assert_close(drawn_in(mean[None], mean, farthest=0.1)[0], mean)


def test_half_of_a_generators_codes_lie_farther_from_their_mean_than_usual() -> None:
    generator = load_generator("synthface")
    codes = generator.map(torch.randn(512, 512, generator=torch.Generator().manual_seed(1)))
    farther = (codes - codes.mean(dim=0)).norm(dim=-1) > usual_distance(generator)
    assert 0.45 < float(farther.float().mean()) < 0.55
