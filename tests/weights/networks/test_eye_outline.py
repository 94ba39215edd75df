"""Landmarks of an eye are where their heatmaps are, to a part of a pixel."""

import pytest
import torch

from weights.networks.eye_outline import INPUT_SIZE, POINTS, EyeOutlines, located


@pytest.mark.parametrize("widths", [[4, 8], [4, 6, 8, 10]])
def test_every_crop_has_its_six_landmarks_and_their_doubts(widths: list[int]) -> None:
    network = EyeOutlines(widths).eval()
    found = network.compute(network.example(3))
    assert found.shape == (3, POINTS, 3)
    assert (found >= 0).all() and (found[..., :2] <= INPUT_SIZE).all()


def test_a_landmark_between_cells_is_found_between_them() -> None:
    size = INPUT_SIZE // 2
    at, spread = torch.tensor([[10.3, 40.9], [31.0, 32.5]]), 3.0  # pixels of the crop
    cells = (torch.arange(size) + 0.5) * 2
    across = -(cells - at[:, :1]).square() / (2 * spread**2)  # (2, W)
    down = -(cells - at[:, 1:]).square() / (2 * spread**2)  # (2, H)
    found = located((down[:, :, None] + across[:, None, :])[None])[0]
    torch.testing.assert_close(found[:, :2], at, atol=0.02, rtol=0)
    torch.testing.assert_close(found[:, 2], torch.full((2,), spread * 2**0.5), atol=0.05, rtol=0)


def test_no_crop_depends_on_the_others() -> None:
    network = EyeOutlines([4, 8]).eval()
    crops = network.example(3)
    torch.testing.assert_close(network.compute(crops)[1:2], network.compute(crops[1:2]))
