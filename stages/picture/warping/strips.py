"""Coarse fields at a picture's resolution, a strip of rows at a time: a large face needs no large arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

ROWS = 256  # of a strip


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of the field that is known to the pixel.

    Attributes:
        rows, columns: where, in the box's pixels.
        field: (h, w, 2) float32, pixels to go back. weight: (h, w, 1), how far it counts.
    """

    rows: slice
    columns: slice
    field: np.ndarray
    weight: np.ndarray

    def put_into(self, strip: np.ndarray, rows: slice) -> None:
        """Mix it into a strip (n, w, 2) that holds some rows of the box, in place."""
        top, bottom = max(self.rows.start, rows.start), min(self.rows.stop, rows.stop)
        if top >= bottom:
            return
        own = slice(top - self.rows.start, bottom - self.rows.start)
        part = strip[top - rows.start : bottom - rows.start, self.columns]
        part += self.weight[own] * (self.field[own] - part)


def strips(height: int) -> Iterator[slice]:
    """The rows of a box, a strip at a time."""
    return (slice(top, min(top + ROWS, height)) for top in range(0, height, ROWS))


def widened(values: np.ndarray, rows: slice, height: int, width: int) -> np.ndarray:
    """Some rows of a grid (H, W) or (H, W, C) float32 enlarged to (height, width), as `cv2.resize` does it linearly."""
    at = np.clip((np.arange(rows.start, rows.stop) + 0.5) * len(values) / height - 0.5, 0, len(values) - 1)
    above = np.floor(at).astype(int)
    below = np.minimum(above + 1, len(values) - 1)
    share = (at - above).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    between = values[above] + share * (values[below] - values[above])
    return cv2.resize(between, (width, len(between)), interpolation=cv2.INTER_LINEAR)


def taken_back(picture: np.ndarray, field: np.ndarray, top: int, flags: int) -> np.ndarray:
    """What a strip shows: (n, w, 3) uint8 of a picture (h, w, 3), at (n, w, 2) pixels back from rows `top` on."""
    at = field.copy()
    at[..., 0] += np.arange(field.shape[1], dtype=np.float32)
    at[..., 1] += np.arange(top, top + len(field), dtype=np.float32)[:, None]
    return cv2.remap(picture, at, np.empty(0), flags, borderMode=cv2.BORDER_REPLICATE)
