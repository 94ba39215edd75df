"""How far eyes are from where they are: measured on photographs whose landmarks are known."""

import numpy as np
import pytest

from benchmarks.truth.eyes import WAYS, errors_of, measure, repainted
from stages.models import Models, ModelSettings
from stages.picture.head.eye_crops import SIDES


def test_an_error_is_a_share_of_the_eyes_width() -> None:
    true = np.zeros((68, 2))
    for side in SIDES:
        true[list(side.landmarks), 0] = np.arange(6) * 10.0
    assert errors_of(true + np.array([3.0, 0.0]), true) == pytest.approx([0.1, 0.1])


def test_repainting_moves_nothing_and_is_the_same_each_time() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    landmarks = np.random.default_rng(1).uniform(8, 56, (68, 2))
    first, again = (repainted(image, landmarks, 3) for _ in range(2))
    assert first.shape == image.shape and (first == again).all() and (first != image).any()


@pytest.mark.slow
def test_eyes_are_nearer_to_the_truth_near_by() -> None:
    errors = measure(Models(ModelSettings(device="cpu")), people=3)
    for ways in errors.values():
        assert set(ways) == set(WAYS) and len(ways["near by"]) == len(ways["whole face"]) > 0
        assert np.median(ways["near by"]) < np.median(ways["whole face"])
