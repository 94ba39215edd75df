"""Matrices in eight bits, each output channel by its own scale: half of what half precision takes."""

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"  # after a matrix's name: (C,) float32, what one of its whole numbers is worth in each channel
MOST = 127


def rounded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A network's state with its matrices as int8 and their scales beside them; vectors stay as they are."""
    kept = dict[str, Tensor]()
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.ndim > 1:
            largest = tensor.detach().flatten(1).abs().amax(dim=1)  # (C,)
            scale = largest.clamp(min=torch.finfo(torch.float32).tiny) / MOST
            kept[name] = (tensor.detach() / _along(scale, tensor)).round().to(torch.int8)
            kept[name + SCALE] = scale.float()
        else:
            kept[name] = tensor
    return kept


def restored(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state in float32, whether its matrices were rounded or not."""
    return {
        name: tensor.float() * _along(state[name + SCALE], tensor) if name + SCALE in state else tensor.float()
        for name, tensor in state.items()
        if not name.endswith(SCALE)
    }


def _along(scale: Tensor, tensor: Tensor) -> Tensor:
    """(C,) -> (C, 1, …), as many axes as the tensor has."""
    return scale.reshape(-1, *[1] * (tensor.ndim - 1))
