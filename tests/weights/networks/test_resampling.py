"""Resizing by matrices is resizing."""

import pytest
import torch
import torch.nn.functional as F

from stages.quality.metrics import identity_crop
from weights.networks.resampling import bicubic_matrix, identity_crop_matrices, resample


@pytest.mark.parametrize(("before", "after"), [(128, 112), (256, 224), (64, 224), (1024, 224), (224, 224)])
def test_it_is_pytorchs_antialiased_bicubic(before, after):
    images = torch.rand(1, 3, before, before)
    wanted = F.interpolate(images, size=(after, after), mode="bicubic", antialias=True)
    torch.testing.assert_close(resample(images, bicubic_matrix(before, after)), wanted, atol=1e-5, rtol=0)


def test_without_antialiasing_a_fine_pattern_would_come_through():
    stripes = torch.tensor([1.0, 0.0]).repeat(64).expand(1, 3, 128, 128)
    small = resample(stripes, bicubic_matrix(128, 32))
    assert (small - 0.5).abs().max() < 0.05
    assert (F.interpolate(stripes, size=32, mode="nearest") - 0.5).abs().min() == 0.5


def test_gradients_are_those_of_the_operation():
    images = torch.rand(1, 3, 48, 48, requires_grad=True)
    resample(images, bicubic_matrix(48, 20)).square().sum().backward()
    mine, images.grad = images.grad, None
    F.interpolate(images, size=(20, 20), mode="bicubic", antialias=True).square().sum().backward()
    torch.testing.assert_close(mine, images.grad, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_the_identity_crop_is_the_one_that_is_measured_with(size):
    images = torch.rand(2, 3, size, size)
    rows, columns = identity_crop_matrices(size)
    wanted = identity_crop(F.adaptive_avg_pool2d(images, 256))
    torch.testing.assert_close(rows @ images @ columns.T, wanted, atol=1e-5, rtol=0)
