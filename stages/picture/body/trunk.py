"""Below the chin, what is not neck does not belong to the head: collar, shoulders, and the background beside them.

A matte follows colours, and a grey coat or a pale background may join a neck without any border. Nothing there ages.
"""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas

CHIN, MOUTH = 8, [48, 54]  # of the landmarks
# On the mean head, centimetres: how far below its middle a neck ends, and over how much; from where it widens to
# shoulders, how far aside those begin, and over how much.
LOWEST, ENDS = 13.0, 2.0
WIDER, BESIDE, BEGIN = 9.5, 5.8, 1.2
NEAR, FAR = 3.0, 9.0  # cells from head and neck: a border may be so soft; from here on there is no head


def trunk_share(canvas: Canvas) -> np.ndarray:
    """How surely each cell at rest is trunk, or lies beside it: (H, W) float32; 0 above the mouth."""
    head = canvas.figure.head
    points = canvas.on_grid(canvas.figure.rest[head.landmarks, :2])
    mouth, chin = points[MOUTH, 1].mean(), points[CHIN, 1]
    shoulders = canvas.drawn.interpolate(head.triangles, _trunk(head.neutral)[:, None])[..., 0]
    skull = canvas.drawn.covered & (shoulders < 0.5)
    away = cv2.distanceTransform((~skull).astype(np.uint8), cv2.DIST_L2, 5)
    beside = np.clip((away - NEAR) / (FAR - NEAR), 0, 1)
    below = np.clip((canvas.places[..., 1] - mouth) / max(chin - mouth, 1.0), 0, 1)
    trunk = below * np.where(canvas.drawn.covered, shoulders, beside)
    return np.asarray(cv2.GaussianBlur(trunk.astype(np.float32), (0, 0), 1.0), np.float32)


def _trunk(neutral: np.ndarray) -> np.ndarray:
    """(V, 3) -> (V,): 1 on shoulders and chest, 0 on head and neck, between them a slope."""
    aside, down = np.abs(neutral[:, 0]), -neutral[:, 1]
    below = np.clip((down - LOWEST) / ENDS, 0, 1)
    trunk: np.ndarray = np.maximum(below, np.clip(down - WIDER, 0, 1) * np.clip((aside - BESIDE) / BEGIN, 0, 1))
    return trunk
