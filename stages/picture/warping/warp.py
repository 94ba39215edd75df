"""From moved vertices to where each point of a picture comes from.

A field is a backward displacement on a grid: what is shown at y is taken from y + field(y).
"""

from math import ceil

import cv2
import numpy as np

# A map that keeps less than this share of an area is about to fold.
LEAST_DETERMINANT = 0.08
# Cells over which it is smoothed, so often as gently, then so much more each time, and how often at most.
BLUR, GENTLE, WIDER, ROUNDS = 1.5, 4, 1.35, 20
TAILS = 5.0  # standard deviations, beyond which a blur of OpenCV's reads nothing


def at_places(grid: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What a grid (H, W) or (H, W, C) float32 has at places (N, 2) or (h, w, 2), column and row of each, linearly
    between cells and as at its border beyond: (N), (h, w), (N, C) or (h, w, C) float32."""
    at = np.asarray(places, np.float32)
    flat = at.ndim == 2
    found = cv2.remap(grid, at[None] if flat else at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found[0] if flat else found


def fill(field: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue a field smoothly into what is not known: averages of ever larger neighbourhoods, the nearest first.

    Args:
        field: (H, W, C) float32.
        known: (H, W) float32 in [0, 1], how far to trust it.

    Returns:
        (H, W, C) float32, equal to `field` where `known` is 1. Zero where nothing is known at all.
    """
    weight = known.astype(np.float32)
    if weight.max() <= 0:
        return np.zeros_like(field)
    if weight.min() >= 1:
        return field
    each = _for_each(weight, field.shape[2])
    total = field * each
    if min(weight.shape) <= 2:
        mean = total.sum(axis=(0, 1)) / weight.sum()
        return np.asarray(total + (1 - each) * mean, np.float32)
    size = (weight.shape[1] // 2 + weight.shape[1] % 2, weight.shape[0] // 2 + weight.shape[0] % 2)
    small_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(total, size, interpolation=cv2.INTER_AREA).reshape(*small_weight.shape, -1)
    small /= _for_each(np.maximum(small_weight, 1e-6), field.shape[2])
    coarse = fill(small, np.minimum(1, small_weight * 4))
    wide = cv2.resize(coarse, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(field.shape)
    wide *= 1 - each
    wide += total
    return wide


def _for_each(values: np.ndarray, channels: int) -> np.ndarray:
    """(H, W) -> (H, W, C), copied: numpy multiplies equal shapes several times faster than it repeats a short axis."""
    return cv2.merge([values] * channels) if channels > 1 else values[..., None]


def determinant(field: np.ndarray) -> np.ndarray:
    """(H, W, 2) in grid units -> (H, W): how much of the picture's area one of the grid shows; below 0 it is turned."""
    by_row, by_column = np.gradient(field, axis=(0, 1))
    return (1 + by_column[..., 0]) * (1 + by_row[..., 1]) - by_column[..., 1] * by_row[..., 0]


def unfolded(field: np.ndarray) -> np.ndarray:
    """The field, smoothed where it would fold, and nowhere else: ever wider and more, until it does not."""
    blur = BLUR
    for step in range(ROUNDS):
        folded = determinant(field) < LEAST_DETERMINANT
        if not folded.any():
            break
        spread, soft = 2 + round(blur), 1.0 + blur / 3
        # Beyond what the masks and the blurs reach, nothing changes: it need not be looked at.
        part = _around(folded, spread + ceil(TAILS * soft) + ceil(TAILS * blur))
        around = cv2.dilate(folded[part].astype(np.float32), np.ones((3, 3), np.uint8), iterations=spread)
        share = cv2.GaussianBlur(around, (0, 0), soft)[..., None]
        if not step:
            field = field.copy()
        field[part] += share * (cv2.GaussianBlur(field[part], (0, 0), blur) - field[part])
        if step >= GENTLE:
            blur *= WIDER
    return field


def _around(mask: np.ndarray, reach: int) -> tuple[slice, slice]:
    """The rows and columns that hold all of a mask (H, W), and so many cells around it."""
    found = (np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0)))
    rows, columns = (slice(max(part[0] - reach, 0), part[-1] + reach + 1) for part in found)
    return rows, columns
