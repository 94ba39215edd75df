"""A wider generator that starts with a narrower one's images."""

import math
from collections.abc import Mapping

from torch import Tensor


def widen(narrow: Mapping[str, Tensor], wide: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a wider network that computes what the narrow one did (Net2Net, Chen et al. 2016).

    New output channels keep the wide network's random weights; what reads them starts at zero, so that they speak
    only as far as they learn to. Equalised layers divide by the root of their inputs: old weights are scaled up.

    Args:
        narrow: a StyleGAN2 state in the published layout.
        wide: the same layout and depth, freshly initialised, at least as wide everywhere.
    """
    state = {}
    for name, fresh in wide.items():
        old = narrow[name].float()
        new = fresh.clone()
        overlap = tuple(slice(0, size) for size in old.shape)
        if name.endswith("conv.weight"):  # (1, O, C, k, k)
            new[:, : old.shape[1]] = 0
            new[overlap] = old * math.sqrt(new.shape[2] / old.shape[2])
        else:
            new[overlap] = old
        state[name] = new
    return state
