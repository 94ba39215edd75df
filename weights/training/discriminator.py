"""Tells renders from the generator's pictures, so that what the generator cannot know looks right all the same.

A code does not say where each hair and each pore lies, and a loss that compares pixels answers with their mean: blur.
The adversarial part is StyleGAN2's (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR
2020): non-saturating logistic loss, lazy R1 penalty, minibatch standard deviation.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

R1_WEIGHT, R1_EVERY = 1.0, 16
# Channels after each halving, from 128 px down to 4 px.
WIDTHS = (32, 64, 96, 128, 128)


class Discriminator(nn.Module):
    """Pictures (B, 3, S, S) in [-1, 1] -> (B,) logits, above 0 for renders. S is 32 times a whole number."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in WIDTHS:
            layers += [nn.Conv2d(before, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2)]
            before = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Conv2d(before + 1, before, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(before * 16, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Judge pictures."""
        features = self.body(images)  # (B, C, S / 32, S / 32)
        varied = features.float().std(dim=0, correction=0).mean().to(features.dtype)
        spread = varied.expand(len(features), 1, *features.shape[2:])  # (B, 1, S / 32, S / 32)
        return self.head(torch.cat([features, spread], dim=1))[:, 0].float()  # (B,)


def discriminator_loss(discriminator: Discriminator, renders: Tensor, made: Tensor, step: int) -> Tensor:
    """What the discriminator lowers; every `R1_EVERY` steps with R1 on the renders.

    Args:
        renders, made: (B, 3, S, S).
        step: of the run.
    """
    loss = F.softplus(-discriminator(renders)).mean() + F.softplus(discriminator(made)).mean()
    if step % R1_EVERY == 0:
        watched = renders.detach().requires_grad_()
        with torch.autocast(renders.device.type, enabled=False):  # squared slopes fall below what bfloat16 resolves
            (slope,) = torch.autograd.grad(discriminator(watched).sum(), watched, create_graph=True)
        loss = loss + R1_EVERY * R1_WEIGHT / 2 * slope.square().sum(dim=(1, 2, 3)).mean()
    return loss


def sharpened_gradient(discriminator: Discriminator, images: Tensor, paired: Tensor, share: float) -> Tensor:
    """The gradient of `paired` with respect to `images`, and the adversarial one beside it.

    The adversarial gradient is scaled to `share` of the paired one's length: however the discriminator fares, a face
    stays first of all the face that its code means.

    Args:
        images: (B, 3, S, S), what the generator made; part of the graph of `paired`.
        paired: scalar loss.
        share: 0 for no adversarial part.

    Returns:
        (B, 3, S, S), for `images.backward`.
    """
    (towards_truth,) = torch.autograd.grad(paired, images)
    if share == 0:
        return towards_truth
    watched = images.detach().requires_grad_()
    (towards_renders,) = torch.autograd.grad(F.softplus(-discriminator(watched)).mean(), watched)
    return towards_truth + share * towards_truth.norm() / (towards_renders.norm() + 1e-12) * towards_renders
