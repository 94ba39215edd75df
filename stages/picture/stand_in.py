"""The generator's face that shows how the picture's face moves.

An inversion of a photograph may lie where the generator draws no face at all, and what is not drawn cannot be read.
Such a code is brought back among those of the generator's own faces, along the straight line to their mean: the
motion is the same affine move, and the picture keeps its own pixels anyway.
"""

from functools import lru_cache

import torch
from torch import Tensor

from weights.networks.stylegan2 import Generator

SAMPLES, SEED = 512, 20_412


def stand_in(generator: Generator, code: Tensor) -> Tensor:
    """(L, 512) -> (L, 512): layers that lie farther from the mean than the generator's own faces do are drawn in."""
    mean = generator.latent_avg.to(code.device)
    away = code - mean
    distance = away.norm(dim=1, keepdim=True)  # (L, 1)
    return mean + away * (usual_distance(generator) / distance.clamp(min=1e-9)).clamp(max=1.0)


@lru_cache(maxsize=4)
@torch.inference_mode()
def usual_distance(generator: Generator) -> float:
    """The median distance of the generator's own codes from their mean."""
    random = torch.Generator().manual_seed(SEED)
    noise = torch.randn(SAMPLES, generator.latent_avg.shape[-1], generator=random)
    codes = generator.map(noise.to(generator.latent_avg.device))
    return float((codes - codes.mean(dim=0)).norm(dim=-1).median())
