"""Pictures side by side, to be looked at while a training runs."""

from collections.abc import Sequence

import numpy as np

COLUMNS = 8


def sheet_of(pictures: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """At least one image of (H, W, 3) uint8 each, in rows of eight; the last row is filled up with black."""
    height, width, channels = pictures[0].shape
    rows = -(-len(pictures) // COLUMNS)
    tiles = np.zeros((rows * COLUMNS, height, width, channels), np.uint8)
    tiles[: len(pictures)] = pictures
    grid = tiles.reshape(rows, COLUMNS, height, width, channels).transpose(0, 2, 1, 3, 4)  # (rows, H, columns, W, 3)
    return grid.reshape(rows * height, COLUMNS * width, channels)
