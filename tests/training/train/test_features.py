"""What the family's own networks see in an image."""

import cv2
import numpy as np
import torch
from PIL import Image

from training.train.features import FeatureLoss
from weights.load_networks import load_identity, load_landmarks


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
