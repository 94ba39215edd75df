"""The table of speeds: what it counts, and that it times only what is equal."""

from itertools import pairwise

import pytest
import torch

from benchmarks.speed.networks import Convolution, operations_of, prove_equal, seconds_in_turns
from weights.networks.stylegan2 import Generator


def test_a_published_generator_has_the_operations_of_its_convolutions() -> None:
    with torch.device("meta"):
        generator = Generator(1024)
    plain = sum(2 * 9 * width**2 * size**2 for size, width in generator.channels.items())
    sizes = sorted(generator.channels)
    steps = pairwise(sizes)
    upsampling = sum(2 * 9 * generator.channels[a] * generator.channels[b] * a**2 for a, b in steps)
    assert operations_of(generator) == plain + upsampling
    assert 1.4e11 < operations_of(generator) < 1.6e11


def test_pictures_that_differ_are_not_timed() -> None:
    picture = torch.rand(1, 3, 4, 4)
    prove_equal(picture + 1e-7, picture)
    with pytest.raises(ValueError, match="found 1"):
        prove_equal(picture * 1.1, picture)


def test_calls_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []
    spent = seconds_in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=2)
    assert calls == ["a", "b"] * 3
    assert set(spent) == {"a", "b"}


def test_the_peak_is_counted_over_every_pixel() -> None:
    layer = Convolution(4, 8)
    assert layer.operations == 2 * 9 * 16 * 64
    assert layer.compute(layer.example(1)).shape == (1, 4, 8, 8)
