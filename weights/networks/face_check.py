"""Whether what a landmark network took for a person's face is one: a small convolutional classifier.

Landmark networks always answer, and find brows and lips on a dog. This one has seen people of any make, and drawn
animals in the same places: `training.train.face_check` trains it.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.running import RunnableNetwork

INPUT_SIZE = 64  # pixels, height and width


class FaceCheck(RunnableNetwork):
    """From an upright face's crop to how surely it shows a person.

    Args:
        widths: channels of each stage; a stage halves height and width, and ends with a residual convolution.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        channels = [3, *widths]
        self.down = nn.ModuleList(_unit(before, after, stride=2) for before, after in pairwise(channels))
        self.refine = nn.ModuleList(_unit(width, width, stride=1) for width in widths)
        self.answer = nn.Linear(2 * widths[-1], 1)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, 64, 64) float32 RGB in [0, 1] -> (B,) float32, logits: above 0 for a person's face."""
        x = crops * 2 - 1
        for down, refine in zip(self.down, self.refine, strict=True):
            x = F.relu(down(x))
            x = F.relu(x + refine(x))  # (B, C, S, S)
        seen = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)  # (B, 2C)
        answer: Tensor = self.answer(seen)[:, 0]
        return answer

    def compute(self, batch: Tensor) -> Tensor:
        """(B, 3, 64, 64) -> (B,) logits."""
        answer: Tensor = self(batch)
        return answer

    def example(self, count: int) -> Tensor:
        """Pictures of noise."""
        return torch.rand(count, 3, INPUT_SIZE, INPUT_SIZE, generator=torch.Generator().manual_seed(0))


def _unit(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after))
