"""What a face's 68 landmarks say of its size, and its cheeks of its skin."""

import numpy as np


def skin_of(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The colour of the cheeks, (3,) float64."""
    places = [points[[2, 31]].mean(axis=0), points[[14, 35]].mean(axis=0), points[[29]].mean(axis=0)]
    high = np.array(image.shape[1::-1]) - 1
    return np.median([image[tuple(np.clip(p, 0, high).astype(int)[::-1])] for p in places], axis=0)


def between_eyes(points: np.ndarray) -> float:
    """Pixels from one eye's outer corner to the other's, made up for a turned head; at least 1."""
    up = points[8] - points[27]
    return float(max(np.hypot(*(points[45] - points[36])), 0.75 * np.hypot(*up), 1.0))


def seen_of(eye: np.ndarray, unit: float) -> float:
    """How much of its width an eye, (6, 2), shows where the head is turned: 0.35 to 1."""
    return float(np.clip(np.hypot(*(eye[3] - eye[0])) / (0.26 * unit), 0.35, 1.0))
