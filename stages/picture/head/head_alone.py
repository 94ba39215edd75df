"""A generator's head without the background behind it.

The head that is fitted to a frame ends a few pixels away from the head in the frame, most of all at ears and neck. The
background in between is painted over: otherwise it would appear on the ear of the person who is moved.
"""

import cv2
import numpy as np

from stages.picture.warping.raster import Drawn
from stages.picture.warping.warp import fill

# Shares of a frame's side: so far beyond the outline is background, so far within it is head, and between is either.
BEYOND, WITHIN = 0.025, 0.03


def head_alone(frame: np.ndarray, head: Drawn, brows: float) -> np.ndarray:
    """The frame with its head continued over its background, below the brows: above them it is hair that goes on.

    Args:
        frame: (S, S, 3) float32.
        head: drawn on the frame's pixels.
        brows: row of the frame.

    Returns:
        (S, S, 3) float32.
    """
    whole = head.whole.astype(np.uint8)
    inside = cv2.erode(whole, _disc(WITHIN * len(frame)), borderValue=1) > 0
    inside[: max(round(brows), 0)] = True
    beyond = cv2.dilate(whole, _disc(BEYOND * len(frame))) == 0
    to_head, to_background = (_distance(frame, fill(frame, known.astype(np.float32))) for known in (inside, beyond))
    alike = cv2.erode((head.whole & (to_head < to_background)).astype(np.uint8), _disc(1)) > 0
    return fill(frame, (inside | alike).astype(np.float32))


def _distance(colours: np.ndarray, others: np.ndarray) -> np.ndarray:
    distance: np.ndarray = np.linalg.norm(colours - others, axis=2)
    return distance


def _disc(radius: float) -> np.ndarray:
    side = 2 * round(radius) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
