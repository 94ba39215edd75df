"""Tells renders from the generator's images, place by place, so that what a code does not decide looks right as well.

A code does not say where each hair and each pore lies, and a loss that compares pixels answers with their mean: blur.
The discriminator judges small patches (Isola et al., "Image-to-Image Translation with Conditional Adversarial
Networks", CVPR 2017): texture is all that it has to know, which a CPU can teach it in minutes. Its first layer sees
every pixel alike: one that halves at once leaves the generator a pattern of dots. Loss and lazy R1 penalty are
StyleGAN2's (Karras et al., CVPR 2020); the penalty is weak, because hair differs from a smooth cap by little in each
pixel, and a stronger one forbids the discriminator to see it. What it has learnt to see serves a second time: a
image's features are to be its render's (Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with
Conditional GANs", CVPR 2018), which keeps texture where it belongs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

R1_WEIGHT, R1_EVERY = 0.02, 16
# Of each convolution: channels, kernel, stride. All but the first have a judge of their own.
LAYERS = ((32, 3, 1), (64, 4, 2), (128, 4, 2), (128, 3, 1))
MATCHING = 1.0  # weight of the features


class Discriminator(nn.Module):
    """Pictures (B, 3, S, S) in [-1, 1] -> a map of logits for each size of patch, above 0 where they look rendered.

    The maps are (B, 1, S / 2, S / 2), of patches of 10 px, and (B, 1, S / 4, S / 4) twice, of 20 and 28 px.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        self.judges = nn.ModuleList()
        before = 3
        for width, kernel, stride in LAYERS:
            layer = nn.Conv2d(before, width, kernel, stride, padding=1)
            nn.init.kaiming_normal_(layer.weight, 0.2)
            self.layers.append(layer)
            before = width
        for width, _, _ in LAYERS[1:]:
            judge = nn.Conv2d(width, 1, 3, padding=1)
            nn.init.normal_(judge.weight, std=0.02)
            self.judges.append(judge)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Judge images."""
        return self.judged(self.features(images))

    def features(self, images: Tensor) -> list[Tensor]:
        """What each layer sees, (B, C, h, w)."""
        found = []
        for layer in self.layers:
            images = F.leaky_relu(layer(images), 0.2)
            found.append(images)
        return found

    def judged(self, features: list[Tensor]) -> list[Tensor]:
        """The maps of logits for what the layers saw."""
        return [judge(seen).float() for judge, seen in zip(self.judges, features[1:], strict=True)]


def not_taken(judged: list[Tensor]) -> Tensor:
    """0 where every patch passes for a render's."""
    return torch.stack([F.softplus(-logits).mean() for logits in judged]).mean()


def mismatch(features: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """How far features are from others, in shares of their size, mean over layers."""
    pairs = zip(features, wanted, strict=True)
    return torch.stack([(seen - aim).abs().mean().float() / aim.abs().mean().float() for seen, aim in pairs]).mean()


def discriminator_loss(discriminator: Discriminator, renders: Tensor, made: Tensor, step: int) -> Tensor:
    """What the discriminator lowers; every `R1_EVERY` steps with R1 on the renders.

    Args:
        renders, made: (B, 3, S, S).
        step: of the run.
    """
    taken_for_made = torch.stack([F.softplus(logits).mean() for logits in discriminator(made)]).mean()
    loss = not_taken(discriminator(renders)) + taken_for_made
    if step % R1_EVERY == 0:
        watched = renders.detach().requires_grad_()
        with torch.autocast(renders.device.type, enabled=False):  # squared slopes fall below what bfloat16 resolves
            judged = torch.stack([logits.mean(dim=(1, 2, 3)).sum() for logits in discriminator(watched)]).sum()
            (slope,) = torch.autograd.grad(judged, watched, create_graph=True)
        loss = loss + R1_EVERY * R1_WEIGHT / 2 * slope.square().sum(dim=(1, 2, 3)).mean()
    return loss


def sharpen_gradient(
    discriminator: Discriminator, images: Tensor, targets: Tensor, paired: Tensor, share: float
) -> Tensor:
    """The gradient of `paired` with respect to `images`, and the adversarial one beside it.

    The adversarial loss asks that every patch passes for a render's, and that the discriminator's features of an image
    be those of its render (`MATCHING`). Its gradient is scaled to `share` of the paired one's length: however the
    discriminator fares, neither drowns the other.

    Args:
        images: (B, 3, S, S), what the generator made; part of the graph of `paired`.
        targets: (B, 3, S, S), the renders of the same codes, whose features are matched.
        paired: scalar loss.
        share: 0 for no adversarial part.

    Returns:
        (B, 3, S, S), for `images.backward`.
    """
    (towards_truth,) = torch.autograd.grad(paired, images, retain_graph=True)
    if share == 0:
        return towards_truth
    watched = images.detach().requires_grad_()
    features = discriminator.features(watched)
    with torch.no_grad():
        wanted = discriminator.features(targets)
    loss = not_taken(discriminator.judged(features)) + MATCHING * mismatch(features, wanted)
    (towards_renders,) = torch.autograd.grad(loss, watched)
    return towards_truth + share * towards_truth.norm() / (towards_renders.norm() + 1e-12) * towards_renders
