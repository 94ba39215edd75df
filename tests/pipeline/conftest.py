"""What the tests of the pipeline share."""

import pytest
import torch

from stages.motion.micromotion import Micromotion


@pytest.fixture
def a_motion() -> Micromotion:
    """A motion that fits the bundled generator's shape and names no generator."""
    direction = torch.ones(12, 512)
    size = direction.norm()
    ends = size * torch.tensor([[0.0], [1.0]])
    return Micromotion(direction, direction[None] / size, ends, torch.zeros(12, 512), "test", "", 1.0, 0.0)
