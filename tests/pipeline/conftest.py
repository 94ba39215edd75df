"""One Ray for all tests that need it: starting it takes seconds."""

from collections.abc import Iterator

import pytest

from pipeline.job import ClusterSpec
from pipeline.ray_session import ray_session
from pipeline.resources import Node


@pytest.fixture(scope="session")
def ray_nodes() -> Iterator[list[Node]]:
    """A running local Ray of two cores; the machines that it found."""
    with ray_session(ClusterSpec(), cpus=2) as nodes:
        yield nodes
