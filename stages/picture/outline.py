"""Beyond a head's outline there is no surface to follow: what is there, hair or wall, goes where the outline goes.

A turning head hides one side of itself and shows more of the other, so that its outline is at every moment another
line on the skull. Fields inside and outside of it therefore meet at an edge: the head covers what is behind it.
"""

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

ANGLES = 180
SMOOTHED = 2.0  # angles over which an outline is levelled


def outline_field(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far back each point goes for an outline to be where it was.

    Args:
        before, after: (H, W) bool, the skull at rest and moved; seen from its middle it has one border each way.

    Returns:
        (H, W, 2) float32 cells, along the lines from the middle of `before`; zero where either is empty.
    """
    height, width = before.shape
    if not before.any() or not after.any():
        return np.zeros((height, width, 2), np.float32)
    rows, columns = np.nonzero(before)
    middle = float(columns.mean()), float(rows.mean())
    reach = [_reach(mask, middle) for mask in (before, after)]
    nearer = gaussian_filter1d(reach[0] - reach[1], SMOOTHED, mode="wrap")  # (ANGLES,)
    across, down = (part.astype(np.float32) for part in np.meshgrid(np.arange(width), np.arange(height)))
    across, down = across - np.float32(middle[0]), down - np.float32(middle[1])
    away, angle = cv2.cartToPolar(across, down, angleInDegrees=True)
    place = np.ascontiguousarray(angle * np.float32(ANGLES / 360))
    table = np.append(nearer, nearer[0]).astype(np.float32)[None]
    further = cv2.remap(table, place, np.zeros_like(place), cv2.INTER_LINEAR)
    unit = np.stack([across, down], axis=-1) / np.maximum(away, 1.0)[..., None]
    return np.asarray(further[..., None] * unit, np.float32)


def _reach(mask: np.ndarray, middle: tuple[float, float]) -> np.ndarray:
    """(ANGLES,) how far a mask reaches from a point in each direction, clockwise from the right."""
    longest = int(np.hypot(*mask.shape)) + 1
    polar = cv2.warpPolar(mask.astype(np.uint8), (longest, ANGLES), middle, longest, cv2.WARP_FILL_OUTLIERS)
    return np.asarray((longest - 1 - np.argmax(polar[:, ::-1] > 0, axis=1)) * (polar > 0).any(axis=1), np.float64)
