"""What the tests of the pipeline share."""

from collections.abc import Sequence
from functools import cache

import pytest
import torch

from pipeline.job.model import Model, check_model
from pipeline.job.motion_spec import MotionSpec
from stages.model_files import BUNDLED, ModelFiles
from stages.motion.micromotion import Micromotion


@pytest.fixture
def a_motion() -> Micromotion:
    """A motion that fits the bundled generator's shape and names no generator."""
    direction = torch.ones(12, 512)
    size = direction.norm()
    ends = size * torch.tensor([[0.0], [1.0]])
    return Micromotion(direction, direction[None] / size, ends, torch.zeros(12, 512), "test", "", 1.0, 0.0)


@cache
def bundled_model() -> Model:
    """The bundled model, checked once for all tests of a process: that builds every network of it."""
    return check_model(BUNDLED)


@pytest.fixture
def bundled_model_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of the bundled model are checked without building its networks again; `job/test_checks.py` does that."""

    def check(files: ModelFiles, detector: str = "haar", texts: Sequence[MotionSpec] = ()) -> Model:
        known = files == BUNDLED and detector == "haar" and not texts
        return bundled_model() if known else check_model(files, detector, texts)

    monkeypatch.setattr("pipeline.job.checks.check_model", check)
