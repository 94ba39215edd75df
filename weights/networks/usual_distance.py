"""How far a generator's own codes lie from their mean: beyond that it draws ever less of a face."""

from functools import lru_cache

import torch

from weights.networks.stylegan2 import Generator

SAMPLES, SEED = 512, 20_412


@lru_cache(maxsize=4)
@torch.inference_mode()
def usual_distance(generator: Generator) -> float:
    """The median distance of the generator's own codes from their mean, in W."""
    random = torch.Generator().manual_seed(SEED)
    noise = torch.randn(SAMPLES, generator.latent_avg.shape[-1], generator=random)
    codes = generator.map(noise.to(generator.latent_avg.device))
    return float((codes - codes.mean(dim=0)).norm(dim=-1).median())


def drawn_in(codes: torch.Tensor, mean: torch.Tensor, farthest: float) -> torch.Tensor:
    """Codes (..., L, 512) whose layers lie at most `farthest` from the mean, (512,) or (L, 512).

    A layer that lies farther comes back along the straight line to the mean; the others stay as they are.
    """
    away = codes - mean
    distance = away.norm(dim=-1, keepdim=True)  # (..., L, 1)
    return torch.where(distance > farthest, mean + away * (farthest / distance), codes)
