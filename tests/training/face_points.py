"""A face of one colour, whose landmarks are a mean face's."""

import numpy as np

from weights.load_head import load_head


def flat_face(size: int = 128, colour: tuple[int, int, int] = (190, 150, 130)) -> tuple[np.ndarray, np.ndarray]:
    """(size, size, 3) uint8 of one colour, and (68, 2) float64 landmarks of a face that fills half of it."""
    head = load_head()
    points = head.neutral[head.landmarks, :2] * (1.0, -1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 0.55 * size / (high - low).max()
    return np.full((size, size, 3), colour, np.uint8), (points - (low + high) / 2) * scale + size / 2
