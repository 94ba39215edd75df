"""What covers a neck: a collar, a scarf, hair that falls over it. It stays as a head turns, and is no skin.

Where a jaw moves away, the generator's neck comes into view. What the picture shows below the jaw, and is not the
colour of its skin, lies before that neck.
"""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.head.jaw import below_jaw
from stages.picture.tones.palette import to_lab

BROWS, MOUTH = slice(17, 27), [48, 54]  # of the landmarks
# Levels of L*a*b* from the skin: up to the first it is skin, from the second on it is not. Shade on a neck is darker.
SKIN, OTHER, LIGHTNESS = 10.0, 18.0, 0.3
LEVEL = 1.0  # cells over which colours are levelled
FEWEST = 30  # cells of skin; fewer tell nothing


def collar_share(canvas: Canvas, picture: np.ndarray) -> np.ndarray:
    """How surely each cell at rest, below the jaw, shows something other than skin: (H, W) float32.

    Args:
        picture: (H, W, 3) float32 in [0, 255].
    """
    head = canvas.figure.head
    landmarks = canvas.on_grid(canvas.figure.rest[head.landmarks, :2])
    rows = canvas.places[..., 1]
    face = canvas.face & (rows > landmarks[BROWS, 1].mean()) & (rows < landmarks[MOUTH, 1].mean())
    if np.count_nonzero(face) < FEWEST:
        return np.zeros(canvas.cells, np.float32)
    lab = to_lab(cv2.GaussianBlur(picture, (0, 0), LEVEL))
    away = np.linalg.norm((lab - np.median(lab[face], axis=0)) * (LIGHTNESS, 1.0, 1.0), axis=-1)
    neck = canvas.drawn.interpolate(head.triangles, below_jaw(head)[:, None])[..., 0]
    return np.asarray(neck * np.clip((away - SKIN) / (OTHER - SKIN), 0, 1), np.float32)
