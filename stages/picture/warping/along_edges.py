"""A change smoothed within the picture's own borders (guided filter: He, Sun and Tang, ECCV 2010)."""

import cv2
import numpy as np

SMOOTH = 2  # cells over which a change is smooth
EDGE = 12.0**2  # grey levels squared: borders that are fainter do not stop a change from spreading


def along_edges(change: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """A change (H, W, C) smoothed along a guide (H, W), both float32: (H, W, C)."""
    side = (2 * SMOOTH + 1, 2 * SMOOTH + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, side, borderType=cv2.BORDER_REPLICATE)

    middle = mean(guide)
    variance = mean(guide * guide) - middle * middle
    slope = (mean(guide[..., None] * change) - middle[..., None] * mean(change)) / (variance + EDGE)[..., None]
    level = mean(change) - slope * middle[..., None]
    return np.asarray(mean(slope) * guide[..., None] + mean(level), np.float32)
