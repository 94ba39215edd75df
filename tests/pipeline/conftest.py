"""What the tests of the engine share; above all one Ray, for starting it takes seconds."""

from collections.abc import Iterator

import pytest
import torch

from pipeline.job import ClusterSpec
from pipeline.ray_session import ray_session
from pipeline.resources import Node
from stages.micromotion import Micromotion


@pytest.fixture(scope="session")
def ray_nodes() -> Iterator[list[Node]]:
    """A running local Ray of two cores; the machines that it found."""
    with ray_session(ClusterSpec(), cpus=2) as nodes:
        yield nodes


@pytest.fixture
def a_motion() -> Micromotion:
    """A movement that fits the bundled generator's shape and names no generator."""
    direction = torch.ones(12, 512)
    ends = torch.tensor([[0.0], [1.0]])
    return Micromotion(direction, direction[None].clone(), ends, torch.zeros(12, 512), "test", "", 1.0, 0.0)
