"""Sixty-eight landmarks from a face crop: face-alignment's FAN, and the reading of its heatmaps.

Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment problem?" (ICCV 2017). The network
class is the face-alignment package's own; weights come from a file. `synthface` uses one stack on 128 px crops, the
published 2DFAN-4 four stacks on 256 px.
"""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from weights.networks.running import RunnableNetwork

LANDMARKS = 68
STRIDE = 4  # crop pixels to a heatmap pixel
# Which landmark each one becomes in a mirror: jaw, brows, nose, eyes and lips run from left to right or around.
# fmt: off
MIRRORED = np.array([
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65,
])
# fmt: on


class LandmarkNetwork(RunnableNetwork):
    """A FAN and the crop size that it was trained on.

    Args:
        stacks: hourglasses one after the other; 4 in the published 2DFAN-4.
        input_size: height and width of its crops, in pixels, a multiple of 64.
    """

    def __init__(self, stacks: int = 4, input_size: int = 256):
        super().__init__()
        self.stacks, self.input_size = stacks, input_size
        self.network = _published_network(stacks)

    def heatmaps(self, crops: Tensor) -> list[Tensor]:
        """(B, 3, S, S) float32 RGB in [0, 1] -> one (B, 68, S/4, S/4) a stack, the last one best."""
        return self.network(crops)

    def compute(self, batch: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 68, S/4, S/4): the last stack's heatmaps."""
        return self.network(batch)[-1]

    def example(self, count: int) -> Tensor:
        """Pictures of noise."""
        size = self.input_size
        return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))

    @torch.inference_mode()
    def locate(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks of faces that fill their crops as `stages.faces.align.landmark_crop` cuts them.

        Args:
            crops: (B, 3, S, S) float32, RGB, [0, 1].

        Returns:
            (B, 68, 2) float32, x and y in crop pixels (pixel centres at .5); and (B,) float32, how sure the network
            is: the median peak of a face's heatmaps, about 1 for a clear face and near 0 for none.
        """
        points, peaks = read_heatmaps(self.run(crops))
        return points * STRIDE, peaks.median(dim=1).values


def _published_network(stacks: int) -> nn.Module:
    """The package's `FAN`, from the one file that has it.

    The package itself imports numba and scikit-image for what it does around the network: half a second of each
    worker's start.
    """
    package = find_spec("face_alignment")
    assert package is not None and package.submodule_search_locations, "the package is among the dependencies"
    file = Path(package.submodule_search_locations[0], "models", "fan.py")
    found = spec_from_file_location("face_alignment_fan", file)
    assert found is not None and found.loader is not None, "a Python file has a loader"
    module = module_from_spec(found)
    found.loader.exec_module(module)
    network: nn.Module = module.FAN(stacks)
    return network


def read_heatmaps(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """The place and the height of each heatmap's peak.

    A parabola through the logarithm of the peak and its neighbours finds a Gaussian's centre exactly, where the
    published reading (a quarter pixel towards the higher neighbour) is off by up to a quarter heatmap pixel.

    Args:
        heatmaps: (B, P, H, W) float.

    Returns:
        (B, P, 2) float32, x and y in heatmap pixels, with pixel centres at .5; (B, P) float32, the peaks.
    """
    batch, points, height, width = heatmaps.shape
    flat = heatmaps.float().reshape(batch, points, -1)  # (B, P, H·W)
    peaks, index = flat.max(dim=2)  # (B, P)
    x = (index % width).clamp(1, width - 2)
    y = (index // width).clamp(1, height - 2)

    def height_at(dx: int, dy: int) -> Tensor:
        at = (y + dy) * width + x + dx
        return flat.gather(2, at[..., None])[..., 0].clamp_min(1e-3).log()

    middle = height_at(0, 0)
    offsets = []
    for before, after in ((height_at(-1, 0), height_at(1, 0)), (height_at(0, -1), height_at(0, 1))):
        curvature = (2 * middle - before - after).clamp_min(1e-3)
        offsets.append((0.5 * (after - before) / curvature).clamp(-1, 1))
    return torch.stack([x + 0.5 + offsets[0], y + 0.5 + offsets[1]], dim=2), peaks  # (B, P, 2), (B, P)
