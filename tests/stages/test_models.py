"""The networks of a worker, and its share of the cores."""

import os
from collections.abc import Iterator

import cv2
import pytest
import torch

from stages.models import Models, ModelSettings


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_every_library_keeps_to_a_workers_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "1")
    torch.set_num_threads(2)
    cv2.setNumThreads(2)
    Models(ModelSettings(device="cpu"))
    assert torch.get_num_threads() == cv2.getNumThreads() == 1
