"""Landmarks of a moving face as if its head kept its place, size and lean."""

import numpy as np

STEADY = np.r_[27:36, 36, 39, 42, 45]  # of the landmarks: the nose, and the eyes' corners


def hold_still(track: np.ndarray, rest: int = 0) -> np.ndarray:
    """Landmarks shifted, turned in their plane and scaled until eyes and nose lie as at rest.

    Anchors are cut as their own landmarks lie, so that a mouth that opens lifts their noses; a moved image stands
    before one camera. Held by what hardly moves in a face (least squares, Procrustes), the two can be compared.

    Args:
        track: (F, 68, 2). rest: the frame whose place all get.

    Returns:
        (F, 68, 2) float64. Landmarks that are all in one point, as of a black frame, stay.
    """
    points = np.asarray(track, np.float64) @ (1, 1j)  # (F, 68), as complex numbers: a similarity is one factor
    middle = points[:, STEADY].mean(axis=1, keepdims=True)
    steady = points[:, STEADY] - middle
    size = np.square(np.abs(steady)).sum(axis=1)
    factor = np.where(size > 0, steady.conj() @ steady[rest] / np.where(size > 0, size, 1), 1)
    held = (points - middle) * factor[:, None] + np.where(size > 0, middle[rest], middle[:, 0])[:, None]
    return np.stack([held.real, held.imag], axis=-1)
