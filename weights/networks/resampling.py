"""Resizing images as two matrix products.

Any separable resampling is linear along each axis: its matrix is what it makes of the unit vectors. The products give
the same images and gradients as the operation itself, and the same ones every time, where the operations' own
gradients on a GPU add up in whatever order their threads arrive.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


def resample(images: Tensor, matrix: Tensor) -> Tensor:
    """(B, C, S, S) -> (B, C, M, M) with a matrix (M, S) along both axes, computed in float32."""
    matrix = matrix.to(images.device)
    with torch.autocast(images.device.type, enabled=False):
        return matrix @ images.float() @ matrix.T  # (B, C, M, M)


@lru_cache(maxsize=16)
def bicubic_matrix(before: int, after: int) -> Tensor:
    """(after, before) float32: bicubic with antialiasing, as CLIP's images were resized.

    PyTorch's kernel and Pillow's are the same (Keys, "Cubic Convolution Interpolation", 1981, a = -0.5; widened where
    images shrink).
    """
    units = torch.eye(before)[None, None]  # (1, 1, S, S)
    return F.interpolate(units, size=(after, before), mode="bicubic", antialias=True)[0, 0]


@lru_cache(maxsize=16)
def identity_crop_matrices(size: int) -> tuple[Tensor, Tensor]:
    """(112, size) float32 for rows and for columns: from a whole aligned face to ArcFace's crop of it.

    As `stages.quality.metrics.identity_crop` after averaging to 256 px: rows 35 to 222, columns 32 to 219, averaged to
    112.
    """
    units = torch.eye(size)[None, None]  # (1, 1, S, S)
    at_256 = F.adaptive_avg_pool2d(units, (256, size))[0, 0]  # (256, S)
    rows = F.adaptive_avg_pool2d(at_256[None, None, 35:223], (112, size))[0, 0]
    columns = F.adaptive_avg_pool2d(at_256[None, None, 32:220], (112, size))[0, 0]
    return rows, columns
