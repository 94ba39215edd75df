"""The camera before a rendered face, and the part of its view that becomes the image."""

from dataclasses import dataclass

import numpy as np

DISTANCE = 75.0  # centimetres from the head's origin
FOCAL = 4.0  # half the image plane is 1
NEAR, FAR = 20.0, 200.0  # centimetres

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
MOUTH_CORNERS = (48, 54)


@dataclass(frozen=True)
class Crop:
    """A square of the image plane: `matrix @ point + offset` lies in [-1, 1] inside it.

    Attributes:
        matrix: (2, 2).
        offset: (2,).
    """

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Image plane -> square: (..., 2) -> (..., 2), y up."""
        inside: np.ndarray = points @ self.matrix.T + self.offset
        return inside

    def widened(self, zoom: float) -> "Crop":
        """A square `zoom` times as wide on the same lower edge: below that edge the face model's bust ends."""
        bottom = np.array([0.0, -1.0])
        return Crop(self.matrix / zoom, (self.offset - bottom) / zoom + bottom)

    def pixels(self, points: np.ndarray, size: int) -> np.ndarray:
        """Image plane -> picture: (..., 2) -> (..., 2), y down, the first pixel's centre at 0.5."""
        return (self(points) * np.array([0.5, -0.5]) + 0.5) * size


def head_turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3), the head's rotation: yaw first, then pitch, then roll; radians."""
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    yawed = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitched = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    rolled = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return rolled @ pitched @ yawed


def model_view(turn: np.ndarray) -> np.ndarray:
    """(4, 4) float32: the turned head at its distance before the camera."""
    view = np.eye(4, dtype=np.float32)
    view[:3, :3] = turn
    view[2, 3] = -DISTANCE
    return view


def projection() -> np.ndarray:
    """(4, 4) float32, OpenGL's perspective."""
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 0] = matrix[1, 1] = FOCAL
    matrix[2, 2] = (FAR + NEAR) / (NEAR - FAR)
    matrix[2, 3] = 2 * FAR * NEAR / (NEAR - FAR)
    matrix[3, 2] = -1
    return matrix


def on_image_plane(points: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Where points of the head appear: (N, 3) centimetres -> (N, 2), y up."""
    seen = points @ turn.T - np.array([0, 0, DISTANCE])  # (N, 3)
    plane: np.ndarray = seen[:, :2] * FOCAL / -seen[:, 2:3]
    return plane


def ffhq_crop(landmarks: np.ndarray) -> Crop:
    """The square that FFHQ's alignment cuts around a face (Karras et al., CVPR 2019, appendix A).

    Args:
        landmarks: (68, 2) on the image plane.
    """
    left, right = landmarks[LEFT_EYE].mean(axis=0), landmarks[RIGHT_EYE].mean(axis=0)
    eyes, across = (left + right) / 2, right - left
    down = landmarks[list(MOUTH_CORNERS)].mean(axis=0) - eyes
    axis = across + np.array([-down[1], down[0]])  # the paper's x - rot90(y), with y up
    axis = axis / np.hypot(*axis) * max(np.hypot(*across) * 2.0, np.hypot(*down) * 1.8)
    matrix = np.linalg.inv(np.stack([axis, [-axis[1], axis[0]]], axis=1))  # (2, 2)
    return Crop(matrix, -matrix @ (eyes + 0.1 * down))
