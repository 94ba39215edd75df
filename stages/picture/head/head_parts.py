"""Where on the mean head its ears and its forehead are, which no landmark holds."""

import numpy as np

from weights.networks.head import Head

# Centimetres: away from the head's middle plane ears begin and are wholly ears; their box from below to above and from
# behind to before; and over how much they end there.
BEGIN, WHOLLY = 6.8, 7.6
BELOW, ABOVE, BEHIND, BEFORE, END = -3.5, 5.0, -4.5, 1.5, 1.0
# Where the sides of a forehead begin and are wholly forehead: up from the eyes, to the front, off that plane, and away
# from landmarks, which stay.
UPWARDS, FORWARDS, ASIDE, AWAY = (3.5, 5.0), (0.5, 2.0), (3.0, 4.0), (1.0, 2.5)


def ear_share(neutral: np.ndarray) -> np.ndarray:
    """(V, 3) -> (V,): 1 on the ears, 0 elsewhere, between them a slope."""
    x, y, z = np.abs(neutral[:, 0]), neutral[:, 1], neutral[:, 2]
    inside = np.minimum(np.minimum(y - BELOW, ABOVE - y), np.minimum(z - BEHIND, BEFORE - z)) / END
    ears: np.ndarray = np.clip((x - BEGIN) / (WHOLLY - BEGIN), 0, 1) * np.clip(inside, 0, 1)
    return ears


def forehead_share(head: Head) -> np.ndarray:
    """(V,): 1 on the sides of the forehead and on the temples, 0 elsewhere and on landmarks, between them a slope."""
    x, y, z = head.neutral.T
    away = np.linalg.norm(head.neutral[:, None] - head.neutral[head.landmarks], axis=2).min(axis=1)
    limits = (y, UPWARDS), (z, FORWARDS), (np.abs(x), ASIDE), (away, AWAY)
    share: np.ndarray = np.minimum.reduce([np.clip((at - low) / (high - low), 0, 1) for at, (low, high) in limits])
    return share
