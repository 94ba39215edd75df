"""From moved vertices to where each point of a picture comes from.

A field is a backward displacement on a grid: what is shown at y is taken from y + field(y).
"""

import cv2
import numpy as np

# A map that keeps less than this share of an area is about to fold.
LEAST_DETERMINANT = 0.08
# Cells over which it is smoothed, so often as gently, then so much more each time, and how often at most.
BLUR, GENTLE, WIDER, ROUNDS = 1.5, 4, 1.35, 20


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
    total = field * weight[..., None]
    if min(weight.shape) <= 2:
        mean = total.sum(axis=(0, 1)) / weight.sum()
        return np.asarray(total + (1 - weight[..., None]) * mean, np.float32)
    size = (weight.shape[1] // 2 + weight.shape[1] % 2, weight.shape[0] // 2 + weight.shape[0] % 2)
    small_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(total, size, interpolation=cv2.INTER_AREA).reshape(*small_weight.shape, -1)
    small = small / np.maximum(small_weight, 1e-6)[..., None]
    coarse = fill(small, np.minimum(1, small_weight * 4))
    wide = cv2.resize(coarse, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(field.shape)
    return np.asarray(total + (1 - weight[..., None]) * wide, np.float32)


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
        around = cv2.dilate(folded.astype(np.float32), np.ones((3, 3), np.uint8), iterations=2 + round(blur))
        share = cv2.GaussianBlur(around, (0, 0), 1.0 + blur / 3)[..., None]
        field = field + share * (cv2.GaussianBlur(field, (0, 0), blur) - field)
        if step >= GENTLE:
            blur *= WIDER
    return field
