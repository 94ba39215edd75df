"""Telling renders from what the generator makes."""

import torch

from weights.training.discriminator import Discriminator, discriminator_loss, sharpened_gradient


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
        assert discriminator(pictures(1000, 1.0)).min() > discriminator(pictures(1001, 0.2)).max()


def test_the_adversarial_part_is_held_to_its_share_of_the_paired_gradient() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator()
    images = pictures(0, 1.0).requires_grad_()
    paired = lambda: (images - pictures(1, 1.0)).abs().mean()  # noqa: E731
    alone = sharpened_gradient(discriminator, images, paired(), share=0)
    torch.testing.assert_close(alone, torch.autograd.grad(paired(), images)[0])
    together = sharpened_gradient(discriminator, images, paired(), share=0.3)
    torch.testing.assert_close((together - alone).norm(), 0.3 * alone.norm(), rtol=1e-3, atol=0)


def test_its_own_weights_are_left_alone_when_the_generator_learns() -> None:
    discriminator = Discriminator()
    images = pictures(0, 1.0).requires_grad_()
    sharpened_gradient(discriminator, images, images.square().mean(), share=1.0)
    assert all(parameter.grad is None for parameter in discriminator.parameters())
