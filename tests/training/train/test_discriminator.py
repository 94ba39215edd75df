"""Telling renders from what the generator makes."""

import torch

from training.train.discriminator import Discriminator, discriminator_loss, mismatch, sharpen_gradient


def pictures(seed: int, sharp: float) -> torch.Tensor:
    """(8, 3, 64, 64): noise, its finest detail scaled by `sharp`."""
    noise = torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 0.4
    smooth = torch.nn.functional.avg_pool2d(noise, 3, stride=1, padding=1)
    return (smooth + sharp * (noise - smooth)).clamp(-1, 1)


def test_it_learns_to_tell_blurred_pictures_from_sharp_ones() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator()
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.0, 0.99))
    for step in range(40):
        loss = discriminator_loss(discriminator, pictures(2 * step, 1.0), pictures(2 * step + 1, 0.2), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        sharp, blurred = discriminator(pictures(1000, 1.0)), discriminator(pictures(1001, 0.2))
    for judged_sharp, judged_blurred in zip(sharp, blurred, strict=True):
        assert judged_sharp.mean() > 1 and judged_blurred.mean() < -1


def test_every_size_of_patch_has_a_judge() -> None:
    maps = Discriminator()(torch.zeros(2, 3, 128, 128))
    assert [tuple(logits.shape) for logits in maps] == [(2, 1, 64, 64), (2, 1, 32, 32), (2, 1, 32, 32)]


def test_the_adversarial_part_is_held_to_its_share_of_the_paired_gradient() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator()
    images = pictures(0, 1.0).requires_grad_()
    targets = pictures(1, 1.0)
    paired = lambda: (images - targets).abs().mean()  # noqa: E731
    alone = sharpen_gradient(discriminator, images, targets, paired(), share=0)
    torch.testing.assert_close(alone, torch.autograd.grad(paired(), images)[0])
    together = sharpen_gradient(discriminator, images, targets, paired(), share=0.3)
    torch.testing.assert_close((together - alone).norm(), 0.3 * alone.norm(), rtol=1e-3, atol=0)


def test_its_own_weights_are_left_alone_when_the_generator_learns() -> None:
    discriminator = Discriminator()
    images = pictures(0, 1.0).requires_grad_()
    sharpen_gradient(discriminator, images, pictures(1, 1.0), images.square().mean(), share=1.0)
    assert all(parameter.grad is None for parameter in discriminator.parameters())


def test_features_match_those_of_the_same_picture_alone() -> None:
    discriminator = Discriminator()
    seen, others = discriminator.features(pictures(0, 1.0)), discriminator.features(pictures(1, 1.0))
    assert mismatch(seen, seen) == 0
    assert mismatch(seen, others) > 0.1
