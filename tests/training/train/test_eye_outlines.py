"""What the outlines of eyes are learnt from, and that a training gives a network that loads."""

from pathlib import Path

import numpy as np
import pytest
import torch

from stages.picture.head.eye_crops import SIDES
from tests.training.face_points import flat_face
from tests.training.material import write_renders
from training.train.eye_outlines import LOOKS, WIDTHS, batch_of, examples, loss_of, measure, misjudged, train
from training.train.renders import Renders
from weights.load_small_networks import load_eye_outlines
from weights.networks.eye_outline import INPUT_SIZE, EyeOutlines


@pytest.fixture
def faces() -> Renders:
    image, points = flat_face()
    landmarks = points[None].astype(np.float32)
    return Renders(image[None], np.zeros((1, 64), np.float32), landmarks, np.zeros((1, 3), np.float32))


def test_both_eyes_are_looked_at_and_their_landmarks_lie_in_the_crop(faces: Renders) -> None:
    made = examples(faces, 0, np.random.default_rng(0))
    assert len(made) == len(SIDES) * LOOKS
    for crop, points in made:
        assert crop.shape == (INPUT_SIZE, INPUT_SIZE, 3) and crop.dtype == np.uint8
        assert points[0, 0] < points[3, 0] and points[[1, 2], 1].mean() < points[[4, 5], 1].mean()
        assert np.abs(points.mean(axis=0) - INPUT_SIZE / 2).max() < INPUT_SIZE / 2


def test_a_misjudged_eye_has_its_shape(faces: Renders) -> None:
    eye = faces.landmarks[0][list(SIDES[0].landmarks)].astype(np.float64)
    found = misjudged(eye, np.random.default_rng(3))
    sides, then = (np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) for points in (eye, found))
    np.testing.assert_allclose(then / sides, then[0] / sides[0])
    assert np.abs(found - eye).max() > 0.1


def test_the_loss_is_least_where_the_landmarks_are_and_none_is_asked_for_outside_the_crop() -> None:
    points = torch.tensor([[[20.0, 24.0]] * 6])
    size = INPUT_SIZE // 2
    cells = (torch.arange(size) + 0.5) * 2
    losses = []
    for place in ((20.0, 24.0), (26.0, 24.0)):
        logits = -(cells - place[0]).square()[None, :] / 8 - (cells - place[1]).square()[:, None] / 8
        losses.append(float(loss_of(logits.expand(1, 6, size, size), points)))
    assert losses[0] < losses[1]
    outside = torch.full((1, 6, 2), -5.0)
    assert float(loss_of(torch.randn(1, 6, size, size), outside)) == 0


def test_the_error_is_a_share_of_the_eyes_width(faces: Renders) -> None:
    class Fixed(EyeOutlines):
        def compute(self, batch: torch.Tensor) -> torch.Tensor:
            return torch.cat([points[: len(batch)] + torch.tensor([3.0, 4.0]), torch.zeros(len(batch), 6, 1)], dim=2)

    crops, points = batch_of([faces], 2, np.random.default_rng(0), looks=1)
    points[:, 3] = points[:, 0] + torch.tensor([30.0, 40.0])
    assert measure(Fixed([4, 8]), crops, points) == pytest.approx(0.1)


def test_a_training_writes_a_network_that_loads(tmp_path: Path) -> None:
    train([write_renders(tmp_path / "renders", 16)], tmp_path / "run", 0.01, "cpu")
    network = load_eye_outlines(tmp_path / "run/eye_outlines.safetensors")
    assert len(network.down) == len(WIDTHS) - 1
    assert network.compute(torch.rand(2, 3, 64, 64)).shape == (2, 6, 3)
