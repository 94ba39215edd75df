"""Where a head's shape ends and its neck begins."""

import numpy as np

from weights.networks.head import Head

UNDER, ENDS = 0.5, 1.0  # centimetres below the line of the jaw: the neck begins, and over how much
CHIN, CORNER = 8, 4  # of the landmarks


def below_jaw(head: Head) -> np.ndarray:
    """(V,) 1 on the neck, 0 on the face."""
    x, y = np.abs(head.neutral[head.landmarks[CHIN : CORNER - 1 : -1], :2].T) * [[1], [-1]]
    below: np.ndarray = np.interp(np.abs(head.neutral[:, 0]), x, y) - UNDER - head.neutral[:, 1]
    return np.clip(below / ENDS, 0, 1)
