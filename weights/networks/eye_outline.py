"""Where an eye's six landmarks are, seen near by: a small U-shaped convolutional network (Ronneberger et al., 2015).

A landmark network looks at a whole face, in which an eye is a dozen pixels wide. This one looks at one eye, cut out
where the other says that it is. `training.train.eye_outlines` trains it.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.running import RunnableNetwork

INPUT_SIZE = 64  # pixels, height and width
POINTS = 6  # the outer corner, two on the upper lid, the inner corner, two on the lower lid


class EyeOutlines(RunnableNetwork):
    """From the crops of eyes on the viewer's left to where their landmarks are.

    Args:
        widths: channels of each stage; each after the first halves height and width.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.enter = _unit(3, widths[0], stride=2)  # half the crop's size: that of the heatmaps
        self.down = nn.ModuleList(
            nn.Sequential(_unit(before, after, stride=2), _unit(after, after)) for before, after in pairwise(widths)
        )
        self.up = nn.ModuleList(_unit(low + high, high) for high, low in reversed(list(pairwise(widths))))
        self.heatmaps = nn.Conv2d(widths[0], POINTS, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, 64, 64) float32 RGB in [0, 1] -> (B, 6, 32, 32) logits of where each landmark is."""
        levels = [self.enter(crops * 2 - 1)]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in self.up:
            beside = levels.pop()
            x = up(torch.cat([F.interpolate(x, size=beside.shape[2:], mode="nearest"), beside], dim=1))
        logits: Tensor = self.heatmaps(x)
        return logits

    def compute(self, batch: Tensor) -> Tensor:
        """(B, 3, 64, 64) -> (B, 6, 3): column and row of each landmark, and how far it may be off, pixels of the crop,
        centres at .5."""
        return located(self(batch))

    def example(self, count: int) -> Tensor:
        """Pictures of noise."""
        return torch.rand(count, 3, INPUT_SIZE, INPUT_SIZE, generator=torch.Generator().manual_seed(0))


def located(logits: Tensor) -> Tensor:
    """(B, 6, S, S) logits -> (B, 6, 3): mean place of each landmark and its standard deviation, pixels of the crop."""
    size = logits.shape[-1]
    share = logits.flatten(2).softmax(dim=2).unflatten(2, (size, size))  # (B, 6, S, S)
    at = (torch.arange(size, device=logits.device) + 0.5) * (INPUT_SIZE / size)
    across, down = share.sum(dim=2), share.sum(dim=3)  # (B, 6, S)
    place = torch.stack([(across * at).sum(dim=2), (down * at).sum(dim=2)], dim=2)  # (B, 6, 2)
    square = (across * at.square()).sum(dim=2) + (down * at.square()).sum(dim=2) - place.square().sum(dim=2)
    return torch.cat([place, square.clamp(min=0).sqrt()[..., None]], dim=2)


def _unit(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
