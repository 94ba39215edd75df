"""Gives what comes from the generator, which is smooth, the grain of the picture, brush strokes included.

No outline may remain in that grain: nothing in it stands out more than on the face itself, where a photograph has next
to none.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas

FINE = 0.012  # of the head's width: what is finer is grain
OVER_USUAL, MOST = 2.5, 14.0  # times grain's usual size on a face, and grey levels, that none exceeds
FACE = [1, 15, 29, 33]  # of the landmarks: cheeks and nose lie between them


@dataclass(frozen=True)
class Grain:
    """Attributes: wide, pixels that are grain at most; most, grey levels by which it stands out."""

    wide: float
    most: float

    def on(self, smooth: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Colours (n, w, 3) float32 with the grain of a picture's own pixels there, (n, w, 3) uint8: uint8."""
        fine = np.clip(_fine(own, self.wide), -self.most, self.most)
        return cv2.convertScaleAbs(np.maximum(smooth + fine, 0))


def grain_of(picture: np.ndarray, canvas: Canvas) -> Grain:
    """Of a face in a picture (H, W, 3) uint8."""
    figure = canvas.figure
    wide = max(FINE * canvas.head_width * float(canvas.step.mean()), 1.0)
    points = figure.rest[figure.head.landmarks[FACE], :2].round().astype(int)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    face = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    usual = float(np.median(np.abs(_fine(face, wide)))) if face.size else 0.0
    return Grain(wide, min(OVER_USUAL * usual, MOST))


def _fine(picture: np.ndarray, wide: float) -> np.ndarray:
    part = picture.astype(np.float32)
    return np.asarray(part - cv2.GaussianBlur(part, (0, 0), wide), np.float32)
