"""The shade on a neck, which is as dark as hair but is none.

Under a jaw both the picture and the generator's frame are dark. Where they look alike there, both show the same shade,
even if hair elsewhere on the head has that colour; curls that fall over a neck are darker, or lighter, than the
generator's neck.
"""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas

LIKE = 11.0  # levels of L*a*b* that make two colours unlike
SOFT = 2.0  # cells over which a neck ends
MOUTH = (48, 54)


def shaded_neck(canvas: Canvas, picture: np.ndarray, still: np.ndarray, face: np.ndarray) -> np.ndarray:
    """How surely each cell is neck in the picture and in the generator's rest frame.

    Args:
        canvas: of the head.
        picture, still: (H, W, 3) float32 in [0, 255], the frame in the picture's tones.
        face: (H, W), 1 from brows to chin.

    Returns:
        (H, W) float32 in [0, 1].
    """
    mouth = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[list(MOUTH)], :2])[:, 1].mean()
    below = (canvas.places[..., 1] > mouth) & canvas.drawn.covered & (face < 0.5)
    labs = [
        cv2.cvtColor(cv2.GaussianBlur(np.clip(image, 0, 255).astype(np.float32) / 255, (0, 0), SOFT), cv2.COLOR_RGB2LAB)
        for image in (picture, still)
    ]
    alike = np.exp(-np.square((labs[0] - labs[1]) / LIKE).sum(axis=2) / 2)
    return cv2.GaussianBlur((below * alike).astype(np.float32), (0, 0), SOFT)
