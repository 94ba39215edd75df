"""Whether a generator reaches the values at which the published code clips."""

import math
from pathlib import Path

import pytest

from tests.weights.made_nvidia import generator, loaded
from weights.clipping import warn_if_clipped
from weights.networks.stylegan2 import ToRGB
from weights.nvidia_generator import published_generator


@pytest.mark.filterwarnings("error")
def test_where_the_published_code_would_clip_is_said() -> None:
    network = loaded(published_generator(generator(16, 2, "stylegan3"), Path("ffhq.pkl")))
    warn_if_clipped(network, math.inf, Path("ffhq.pkl"))
    warn_if_clipped(network, 256.0, Path("ffhq.pkl"))
    with pytest.warns(match=r"ffhq.pkl: the published code clips its layers at ±2, which \S+ exceeds"):
        warn_if_clipped(network, 2.0, Path("ffhq.pkl"))
    to_rgb = network.to_rgbs[0]
    assert isinstance(to_rgb, ToRGB)
    to_rgb.bias[0, 1] = -300.0
    with pytest.warns(match=r"at ±256, which to_rgbs.0 exceeds \(3\d\d\)"):
        warn_if_clipped(network, 256.0, Path("ffhq.pkl"))


def test_measuring_leaves_no_trace_in_the_network() -> None:
    network = loaded(published_generator(generator(16, 2, "stylegan3"), Path("ffhq.pkl")))
    warn_if_clipped(network, 256.0, Path("ffhq.pkl"))
    assert not any(layer._forward_hooks for layer in network.modules())
