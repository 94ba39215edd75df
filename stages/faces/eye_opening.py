"""How far eyes are open, as landmarks tell."""

import numpy as np

# Of each eye: the corners, and the landmarks on its upper and its lower lid.
EYES = (((36, 39), (37, 38), (41, 40)), ((42, 45), (43, 44), (47, 46)))
# What the bundled landmark network reads of an eye that is shut, as a share of the eye's width.
SHUT = 0.07
LEAST_OPEN = 0.04  # what can be told from shut


def openings(landmarks: np.ndarray) -> np.ndarray:
    """(68, 2) -> (2,): how far the left and the right eye are open, as shares of their widths."""
    found = []
    for eye in EYES:
        corners, upper, lower = (landmarks[list(part)] for part in eye)
        found.append(np.linalg.norm(upper - lower, axis=1).mean() / np.linalg.norm(corners[1] - corners[0]))
    return np.array(found)


def closures(rest: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(68, 2) at rest and now -> (2,): how far each eye has closed; 0 as open as at rest, 1 shut, below 0 wider."""
    share: np.ndarray = (openings(rest) - openings(landmarks)) / room_to_close(rest)
    return share


def room_to_close(landmarks: np.ndarray) -> np.ndarray:
    """(68, 2) -> (2,): how far each eye is open beyond what is read of a shut one, at least `LEAST_OPEN`."""
    return np.maximum(openings(landmarks) - SHUT, LEAST_OPEN)
