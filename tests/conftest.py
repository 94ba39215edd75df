"""What every test shares: one thread, fixed seeds, and where optional material lies."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Before torch and NumPy are imported: two busy thread pools slow each other down more than they gain.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from hypothesis import settings

if TYPE_CHECKING:
    from pipeline.resources import Node

REPOSITORY = Path(__file__).parents[1]

# A deadline would fail a test for a busy machine; the same examples every time make a failure repeatable.
settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Random numbers are the same in every run and in any order of tests."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that stands beside the repository where it was developed: real clips, faces, published directions."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder ../shared with real clips and faces")
    return folder


@pytest.fixture(scope="session")
def ray_nodes() -> "Iterator[list[Node]]":
    """A running local Ray of two cores, one for all tests, for starting it takes seconds; the machines it found."""
    from pipeline.job import ClusterSpec
    from pipeline.ray_session import ray_session

    with ray_session(ClusterSpec(), cpus=2) as nodes:
        yield nodes


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out tests marked `gpu` where there is no CUDA device."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
