"""What the family's own networks see in a picture."""

import cv2
import numpy as np
import torch
from PIL import Image

from weights import load_identity, load_landmarks
from weights.training.features import FeatureLoss
from weights.training.generator import paired_loss


def test_equal_pictures_lose_nothing_and_a_blur_loses_more_the_wider_it_is(repository) -> None:
    loss = FeatureLoss(load_identity("synthface"), load_landmarks("synthface"))
    face = sorted((repository / "weights/bundled/demo/faces").iterdir())[0]
    small = np.asarray(Image.open(face).convert("RGB").resize((128, 128)))

    def pixels(image):
        return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1

    truth = pixels(small)
    assert loss(truth, truth) == 0
    little, much = (loss(pixels(cv2.GaussianBlur(small, (0, 0), sigma)), truth) for sigma in (0.7, 2.0))
    assert 0 < little < much


def test_it_says_how_to_change_a_picture_and_not_the_networks() -> None:
    loss = FeatureLoss(load_identity("synthface"), load_landmarks("synthface"))
    images = torch.zeros(2, 3, 128, 128, requires_grad=True)
    loss(images, torch.rand(2, 3, 128, 128)).backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in loss.identity.parameters())


def test_loosened_pixels_count_only_where_they_are_weighed() -> None:
    images, targets = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(8, 8)  # no scale but the finest sees them
    images = images + 0.1 * checks
    flat, heavy = torch.ones(1, 1, 16, 16), torch.full((1, 1, 16, 16), 6.0)
    assert paired_loss(images, targets, flat, fine=0.0) < 1e-6
    assert paired_loss(images, targets, flat, fine=1.0) > 0.1
    assert paired_loss(images, targets, heavy, fine=0.0) > 0.8 * paired_loss(images, targets, heavy, fine=1.0)
