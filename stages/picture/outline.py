"""Beyond a head's outline there is no surface to follow: what is there, hair or wall, goes where the outline goes.

A turning head hides one side of itself and shows more of the other, so that its outline is at every moment another
line on it. Fields inside and outside of it therefore meet at an edge: the head covers what is behind it.
"""

import cv2
import numpy as np

LEVELLED = 2.0  # cells over which a drawn outline's steps are levelled
LEAST_SLOPE = 0.3  # of a levelled distance: less, and nothing says which way leads away from the outline


def outline_field(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far back each point goes, straight towards an outline or away from it, for the outline to be where it was.

    Args:
        before, after: (H, W) bool, the head at rest and moved.

    Returns:
        (H, W, 2) float32 cells; zero where either is empty.
    """
    if not before.any() or not after.any():
        return np.zeros((*before.shape, 2), np.float32)
    then, now = outline_distance(before), outline_distance(after)
    return np.asarray((now - then)[..., None] * away_from(then), np.float32)


def away_from(distance: np.ndarray) -> np.ndarray:
    """(H, W) distances from an outline -> (H, W, 2): unit vectors that lead straight out; short where nothing says."""
    away = np.stack(np.gradient(distance)[::-1], axis=-1)  # (H, W, 2)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), LEAST_SLOPE), np.float32)


def outline_distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) float32 cells from a mask's outline, below 0 within it."""
    inside = mask.astype(np.uint8)
    beyond, within = (cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for part in (1 - inside, inside))
    return cv2.GaussianBlur(np.where(mask, 0.5 - within, beyond - 0.5).astype(np.float32), (0, 0), LEVELLED)
