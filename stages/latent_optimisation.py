"""Codes that are led to prompts: StyleCLIP's latent optimisation (Patashnik et al., ICCV 2021).

As the micromotion paper uses it (Wu et al., CPAL 2024): from one start, a code for each prompt is led to where CLIP
sees the prompt in its image, and held back by its distance from the start and by the identity network. All prompts go
together as one batch; they do not see each other, so a batch that the memory cannot hold is taken in parts, with the
same result.
"""

import math
from collections.abc import Callable
from collections.abc import Generator as Steps
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.anchor_settings import CPU_BYTES, Optimisation
from stages.base import StepProgress
from weights.networks.clip import ClipNetwork
from weights.networks.irse import IdentityNetwork
from weights.networks.resampling import identity_crop_matrices
from weights.networks.stylegan2 import Generator

# What one image leaves in memory for the backward pass, in shares of what its two convolutions at each resolution
# give out: 4.5 to 4.6 at 128 to 1024 px, and CLIP and the identity network on top.
KEPT_SHARE = 6


@dataclass(frozen=True)
class TextAnchors:
    """The anchors of one identity.

    Attributes:
        codes: (D, L, 512) float32, on the CPU.
        losses: (steps, D), of each step before it was taken.
        similarity: (D,), cosine between each anchor's image and its prompt.
        identity: (D,), cosine between each anchor's identity and the start's.
        renderings: (D, 3, S, S) float32 in [-1, 1], on the CPU.
    """

    codes: Tensor
    losses: Tensor
    similarity: Tensor
    identity: Tensor
    renderings: Tensor


def start_code(generator: Generator, seed: int, truncation: float) -> Tensor:
    """The face from which the anchors of one identity start: (L, 512), the same on every device."""
    z = torch.randn(1, 512, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return generator.map(z.to(generator.latent_avg.device), truncation)[0]  # (L, 512)


def rate_at(step: int, settings: Optimisation) -> float:
    """The learning rate of a step, counted from 0: StyleGAN2's projection schedule, over the published shares."""
    share = step / settings.steps
    fall = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - share) / settings.fall)) if settings.fall else 1.0
    # The published rise begins at a rate of 0, which would spend the first step on nothing.
    rise = min(1.0, (step + 1) / (settings.rise * settings.steps)) if settings.rise else 1.0
    return settings.rate * fall * rise


def optimise_anchors(
    generator: Generator,
    clip: ClipNetwork,
    identity: IdentityNetwork,
    start: Tensor,
    texts: list[str],
    settings: Optimisation | None = None,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
    together: int | None = None,
) -> TextAnchors:
    """Lead one face to several prompts.

    Args:
        generator, clip, identity, start, texts, settings, together: as `anchor_steps` takes them.
        on_step: called with each step, from 1, and its mean loss.

    Raises:
        TextError: a prompt is too long for the CLIP.
        FloatingPointError: a loss is not finite.
    """
    steps = anchor_steps(generator, clip, identity, start, texts, settings, together)
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value
        on_step(progress.step, progress.loss)


def anchor_steps(
    generator: Generator,
    clip: ClipNetwork,
    identity: IdentityNetwork,
    start: Tensor,
    texts: list[str],
    settings: Optimisation | None = None,
    together: int | None = None,
) -> Steps[StepProgress, None, TextAnchors]:
    """Lead one face to several prompts, step by step.

    Args:
        generator, clip, identity: on one device.
        start: (L, 512), W+.
        texts: D prompts.
        settings: the paper's by default.
        together: degrees in one part of the batch; by default as many as the device's memory holds.

    Yields:
        Each step, from 1, and its mean loss.

    Returns:
        The anchors.

    Raises:
        TextError: a prompt is too long for the CLIP.
        FloatingPointError: a loss is not finite.
    """
    settings = settings or Optimisation()
    wanted = clip.embed_texts(texts)  # (D, E)
    with torch.no_grad():
        start_embedding = _embed(identity, generator.synthesize(start[None]))  # (1, 512)
    codes = start.repeat(len(texts), 1, 1).requires_grad_()  # (D, L, 512)
    first, end = settings.layers or (0, len(start))
    moving = torch.zeros_like(start)
    moving[first:end] = 1  # (L, 512)
    optimizer = torch.optim.Adam([codes], lr=settings.rate)
    parts = torch.arange(len(texts)).split(together or degrees_together(generator, len(texts)))
    losses = []
    for step in range(settings.steps):
        optimizer.param_groups[0]["lr"] = rate_at(step, settings)
        optimizer.zero_grad()
        found = []
        for part in parts:
            images = generator.synthesize(codes[part])  # (P, 3, S, S)
            clip_loss = 1 - (clip.embed_images(images) * wanted[part]).sum(dim=1)  # (P,)
            latent_distance = (codes[part] - start).square().sum(dim=(1, 2))
            identity_loss = 1 - _embed(identity, images) @ start_embedding[0]
            loss = clip_loss + settings.distance_weight * latent_distance + settings.identity_weight * identity_loss
            loss.sum().backward()  # a sum: each degree's step is the same in whatever company
            found.append(loss.detach().cpu())
        assert codes.grad is not None
        codes.grad.mul_(moving)
        optimizer.step()
        losses.append(torch.cat(found))
        if not torch.isfinite(losses[-1]).all():
            raise FloatingPointError(f"the loss is not finite at step {step + 1} of {settings.steps}")
        yield StepProgress(step + 1, float(losses[-1].mean()))
    similarity, alike, renderings = [], [], []
    with torch.no_grad():
        for part in parts:
            images = generator.synthesize(codes[part])  # (P, 3, S, S)
            similarity.append((clip.embed_images(images) * wanted[part]).sum(dim=1))
            alike.append(_embed(identity, images) @ start_embedding[0])
            renderings.append(images.float().cpu())
    return TextAnchors(
        codes=codes.detach().float().cpu(),
        losses=torch.stack(losses),
        similarity=torch.cat(similarity).cpu(),
        identity=torch.cat(alike).cpu(),
        renderings=torch.cat(renderings),
    )


def degrees_together(generator: Generator, count: int) -> int:
    """How many of `count` degrees fit into memory at once, at least 1: 1024 px take about 3 GiB each."""
    device = generator.latent_avg.device
    free = int(0.8 * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else CPU_BYTES
    return max(1, min(count, free // gradient_bytes(generator)))


def gradient_bytes(generator: Generator) -> int:
    """Memory that one degree takes while its gradient is computed."""
    sizes = {size: width for size, width in generator.channels.items() if size <= generator.resolution}
    return KEPT_SHARE * sum(2 * 4 * width * size**2 for size, width in sizes.items())


def _embed(identity: IdentityNetwork, images: Tensor) -> Tensor:
    """(B, 3, S, S) -> (B, 512), whose faces they are; the same gradient every time, on a GPU too."""
    rows, columns = (matrix.to(images.device) for matrix in identity_crop_matrices(images.shape[-1]))
    return F.normalize(identity.embed(rows @ images @ columns.T), dim=1)  # (B, 512)
