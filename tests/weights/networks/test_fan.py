"""Reading heatmaps."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from weights.networks.fan import LANDMARKS, LandmarkNetwork, read_heatmaps


def gaussian(x: float, y: float, size: int = 32, sigma: float = 1.0) -> torch.Tensor:
    at = torch.arange(size) + 0.5
    return torch.exp(-(at - y).square() / (2 * sigma**2))[:, None] * torch.exp(-(at - x).square() / (2 * sigma**2))


@given(st.floats(2, 30), st.floats(2, 30), st.floats(0.7, 1.6))
def test_a_gaussians_centre_is_read_exactly_wherever_it_lies(x: float, y: float, sigma: float) -> None:
    points, peaks = read_heatmaps(gaussian(x, y, sigma=sigma)[None, None])
    torch.testing.assert_close(points[0, 0], torch.tensor([x, y]), atol=2e-2, rtol=0)
    assert 0.6 < peaks.item() <= 1.0


def test_an_empty_heatmap_reads_as_a_peak_of_nothing() -> None:
    points, peaks = read_heatmaps(torch.zeros(1, 1, 32, 32))
    assert torch.isfinite(points).all()
    assert peaks.item() == 0.0


def test_a_peak_at_the_border_stays_near_it() -> None:
    points, _ = read_heatmaps(gaussian(0.5, 31.5)[None, None])
    assert points[0, 0, 0] < 2
    assert points[0, 0, 1] > 30


def test_landmarks_are_in_crop_pixels_one_confidence_a_face() -> None:
    network = LandmarkNetwork(stacks=1, input_size=64).eval()
    points, confidence = network.locate(torch.rand(2, 3, 64, 64))
    assert points.shape == (2, LANDMARKS, 2)
    assert confidence.shape == (2,)
    assert points.min() >= -4
    assert points.max() <= 68
