"""What the check of faces learns from, and that a training gives a check that loads."""

from pathlib import Path

import numpy as np
import torch

from tests.training.face_points import flat_face
from tests.training.material import write_renders
from training.train.face_check import batch_of, measure, nothing, overgrown, scrambled, shouting, train
from training.train.renders import Renders
from weights.load_small_networks import load_face_check


def faces(count: int = 4) -> Renders:
    """Faces of one colour."""
    image, points = flat_face()
    images = np.stack([image] * count)
    landmarks = np.stack([points] * count).astype(np.float32)
    return Renders(images, np.zeros((count, 64), np.float32), landmarks, np.zeros((count, 3), np.float32))


def test_half_of_a_batch_are_people() -> None:
    crops, truth = batch_of([faces(), faces()], 200, np.random.default_rng(0))
    assert crops.shape == (200, 3, 64, 64) and crops.min() >= 0 and crops.max() <= 1
    assert set(truth.tolist()) == {0.0, 1.0}
    assert 0.4 < truth.mean() < 0.6


def test_scrambled_features_are_elsewhere_and_the_rest_stays() -> None:
    image, points = flat_face()
    for part, colour in ((slice(48, 68), (220, 20, 60)), (slice(36, 48), (20, 60, 220))):
        x, y = points[part].mean(axis=0).astype(int)
        image[y - 6 : y + 7, x - 14 : x + 15] = colour
    result = scrambled(image, points, np.random.default_rng(1))
    assert (result != image).any()
    np.testing.assert_array_equal(result[:10], image[:10])


def test_a_mouth_that_is_drawn_open_lies_below_the_nose() -> None:
    image, points = flat_face()
    for seed in range(10):
        changed = (shouting(image, points, np.random.default_rng(seed)) != image).any(axis=2)
        ys, xs = np.nonzero(changed)
        assert abs(xs.mean() - points[62, 0]) < 3
        assert points[33, 1] - 8 < ys.min() and ys.mean() > points[62, 1]


def test_nothing_is_another_each_time() -> None:
    drawn = [nothing(np.random.default_rng(seed)) for seed in range(20)]
    assert all(image.shape == (128, 128, 3) and image.dtype == np.uint8 for image in drawn)
    assert len({image.tobytes() for image in drawn}) == 20
    plain = np.full((128, 128, 3), 90, np.uint8)
    assert (overgrown(plain, np.random.default_rng(0)) != plain).any()


def test_shares_of_people_refused_and_of_others_accepted() -> None:
    class Bright(torch.nn.Module):
        def forward(self, crops: torch.Tensor) -> torch.Tensor:
            return crops.mean(dim=(1, 2, 3)) - 0.5

    crops = torch.tensor([0.9, 0.8, 0.1, 0.9, 0.2])[:, None, None, None].expand(-1, 3, 64, 64)
    refused, accepted = measure(Bright(), crops, torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0]))  # type: ignore[arg-type]
    assert abs(refused - 1 / 3) < 1e-6
    assert accepted == 0.5


def test_a_training_writes_a_check_that_loads(tmp_path: Path) -> None:
    train([write_renders(tmp_path / "renders", 16)], tmp_path / "run", 0.01, "cpu")
    check = load_face_check(tmp_path / "run/face_check.safetensors")
    assert check(torch.rand(2, 3, 64, 64)).shape == (2,)
