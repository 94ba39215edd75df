"""One eye of a picture, cut out as the network that outlines eyes looks at it."""

from dataclasses import dataclass

import cv2
import numpy as np

from weights.networks.eye_outline import INPUT_SIZE

SHARE = 2.2  # a crop's side, in widths of the eye


@dataclass(frozen=True)
class Side:
    """An eye's six landmarks among the 68, from the outer corner over the upper lid to the inner one and back; and
    whether it is mirrored, so that the network sees all eyes on the viewer's left."""

    landmarks: tuple[int, ...]
    mirrored: bool


SIDES = (Side((36, 37, 38, 39, 40, 41), False), Side((45, 44, 43, 42, 47, 46), True))


@dataclass(frozen=True, eq=False)
class EyeCrop:
    """Attributes:
    image: (64, 64, 3) uint8 RGB.
    matrix: (2, 3), from pixels of the picture to those of the crop, centres at .5 in both.
    """

    image: np.ndarray
    matrix: np.ndarray

    def into(self, points: np.ndarray) -> np.ndarray:
        """(P, 2) of the picture -> of the crop."""
        there: np.ndarray = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return there

    def back(self, points: np.ndarray) -> np.ndarray:
        """(P, 2) of the crop -> of the picture."""
        here: np.ndarray = (points - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T
        return here


def cut_eye(picture: np.ndarray, eye: np.ndarray, side: Side) -> EyeCrop:
    """The crop around an eye.

    Args:
        picture: (H, W, 3) uint8 RGB.
        eye: (6, 2) its landmarks as they are thought to be, in the order of `side`, pixels, centres at .5.
    """
    middle, along = (eye[0] + eye[3]) / 2, eye[3] - eye[0]
    if side.mirrored:
        along = -along  # to the picture's right, as on the other side
    scale = INPUT_SIZE / (SHARE * max(float(np.hypot(*along)), 1e-6))
    cos, sin = scale * along / max(float(np.hypot(*along)), 1e-6)
    matrix = np.array([[cos, sin], [-sin, cos]])
    if side.mirrored:
        matrix[0] = -matrix[0]
    matrix = np.column_stack([matrix, INPUT_SIZE / 2 - matrix @ middle])
    low = np.floor(middle - INPUT_SIZE / scale).astype(int)
    high = np.ceil(middle + INPUT_SIZE / scale).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, picture.shape[1::-1])
    if (high <= low).any():
        return EyeCrop(np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8), matrix)
    part = picture[low[1] : high[1], low[0] : high[0]]
    if scale < 1:
        part = cv2.GaussianBlur(part, (0, 0), 0.5 / scale)
    # OpenCV has pixel centres at whole numbers.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (low + 0.5) - 0.5
    size = (INPUT_SIZE, INPUT_SIZE)
    image = cv2.warpAffine(part, shifted, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return EyeCrop(image, matrix)
