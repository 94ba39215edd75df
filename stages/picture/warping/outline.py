"""Beyond a head's outline there is no surface to follow: hair and background there go where the outline goes.

A turning head hides one side of itself and shows more of the other, so that at every moment its outline is another
line on it. The fields inside and outside of the outline therefore meet at an edge: the head covers what is behind it.
"""

import cv2
import numpy as np

LEVELLED = 2.0  # cells over which a drawn outline's steps are levelled
LEAST_SLOPE = 0.3  # of a levelled distance: less, and nothing says which way leads away from the outline


def outline_field(then: np.ndarray, after: np.ndarray, away: np.ndarray | None = None) -> np.ndarray:
    """How far back each point goes, straight towards an outline or away from it, for the outline to be where it was.

    Args:
        then: (H, W) float32, distances from the outline of the head at rest.
        after: (H, W) bool, the head moved.
        away: `away_from(then)`, where that is known.

    Returns:
        (H, W, 2) float32 cells; zero where either head is empty.
    """
    if not after.any() or then.min() > 0:
        return np.zeros((*then.shape, 2), np.float32)
    away = away_from(then) if away is None else away
    return np.asarray((outline_distance(after) - then)[..., None] * away, np.float32)


def away_from(distance: np.ndarray) -> np.ndarray:
    """(H, W) distances from an outline -> (H, W, 2): unit vectors that lead straight out; short where nothing says."""
    away = np.stack(np.gradient(distance)[::-1], axis=-1)  # (H, W, 2)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), LEAST_SLOPE), np.float32)


def outline_distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) float32 cells from a mask's outline, below 0 within it."""
    inside = mask.astype(np.uint8)
    beyond, within = (cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for part in (1 - inside, inside))
    return cv2.GaussianBlur(np.where(mask, 0.5 - within, beyond - 0.5).astype(np.float32), (0, 0), LEVELLED)
