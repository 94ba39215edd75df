"""Tells renders from the generator's pictures, so that what the generator cannot know looks right all the same.

A code does not say where each hair and each pore lies, and a loss that compares pixels answers with their mean: blur.
The adversarial part is StyleGAN2's (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR
2020): non-saturating logistic loss, lazy R1 penalty. As every picture has a render that it should be, patches are
judged instead of whole pictures (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks",
CVPR 2017), each beside its render blurred: what is right in the large is known, only the detail is asked for. That
makes a judgement in every patch of every picture, which a CPU's few thousand steps need.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

R1_WEIGHT, R1_EVERY = 0.01, 16
# Channels after each halving, from 128 px down to 16 px: a patch is 46 px wide.
WIDTHS = (32, 64, 128)
BLUR = 4


class Discriminator(nn.Module):
    """Pictures and the renders that they should be -> logits of patches, above 0 for renders."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 6
        for width in WIDTHS:
            layers += [nn.Conv2d(before, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2)]
            before = width
        self.body = nn.Sequential(*layers, nn.Conv2d(before, 1, 1))

    def forward(self, images: Tensor, renders: Tensor) -> Tensor:
        """Judge pictures.

        Args:
            images: (B, 3, S, S) in [-1, 1], S a multiple of 8.
            renders: the same faces' renders, of which only the large is looked at.

        Returns:
            (B, S / 8, S / 8).
        """
        large = F.interpolate(F.avg_pool2d(renders, BLUR), scale_factor=float(BLUR), mode="bilinear")
        return self.body(torch.cat([images, large], dim=1))[:, 0].float()  # (B, S / 8, S / 8)


def discriminator_loss(discriminator: Discriminator, renders: Tensor, made: Tensor, step: int) -> Tensor:
    """What the discriminator lowers; every `R1_EVERY` steps with R1 on the renders.

    Args:
        renders, made: (B, 3, S, S), of the same faces.
        step: of the run.
    """
    both = discriminator(torch.cat([renders, made]), torch.cat([renders, renders]))  # (2 B, S / 8, S / 8)
    true, false = both.chunk(2)
    loss = F.softplus(-true).mean() + F.softplus(false).mean()
    if step % R1_EVERY == 0:
        watched = renders.detach().requires_grad_()
        with torch.autocast(renders.device.type, enabled=False):  # squared slopes fall below what bfloat16 resolves
            judged = discriminator(watched, renders)  # (B, S / 8, S / 8)
            (slope,) = torch.autograd.grad(judged.sum(), watched, create_graph=True)
        # A patch's own slope: what its pixels do to other patches is as likely to add as to take away.
        steepness = slope.square().sum(dim=(1, 2, 3)).mean() / judged[0].numel()
        loss = loss + R1_EVERY * R1_WEIGHT / 2 * steepness
    return loss


def sharpened_gradient(
    discriminator: Discriminator, images: Tensor, renders: Tensor, paired: Tensor, share: float
) -> Tensor:
    """The gradient of `paired` with respect to `images`, and the adversarial one beside it.

    The adversarial gradient is scaled to `share` of the paired one's length: however the discriminator fares, a face
    stays first of all the face that its code means.

    Args:
        images: (B, 3, S, S), what the generator made; part of the graph of `paired`.
        renders: (B, 3, S, S), what it should have made.
        paired: scalar loss.
        share: 0 for no adversarial part.

    Returns:
        (B, 3, S, S), for `images.backward`.
    """
    (towards_truth,) = torch.autograd.grad(paired, images)
    if share == 0:
        return towards_truth
    watched = images.detach().requires_grad_()
    with torch.autocast(images.device.type, torch.bfloat16):
        judged = discriminator(watched, renders)
    (towards_renders,) = torch.autograd.grad(F.softplus(-judged).mean(), watched)
    return towards_truth + share * towards_truth.norm() / (towards_renders.norm() + 1e-12) * towards_renders
