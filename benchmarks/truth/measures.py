"""How near a motion comes to the true one: figures for one face.

Points that move are taken as displacements from their own rest, so that where a face has its features does not count.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.faces.crop_landmarks import interocular
from stages.quality.metrics import akd

# Landmarks that go farther than this share of the farthest one's way belong to the motion.
MOVING = 0.25
# Ageing is measured in pictures this small: what is left is shades, not the place of a hair.
PICTURE_SIDE = 32


@dataclass(frozen=True)
class Fidelity:
    """A made motion against the true one.

    Attributes:
        correlation: over time, of how far both have gone along the true motion, -1 to 1; NaN where one stands still.
        amplitude: how far it goes for what the true one goes; 1 is as far.
        leak: what moves and should not.
        error: distance from the truth on the whole.
    """

    correlation: float
    amplitude: float
    leak: float
    error: float


def displacements(track: np.ndarray) -> np.ndarray:
    """(K, 68, 2) landmarks -> how far they are from the first frame's, in shares of its inter-ocular distance."""
    moved: np.ndarray = (track - track[0]) / interocular(track[0])
    return moved


def landmark_fidelity(made: np.ndarray, true: np.ndarray) -> Fidelity:
    """Measure landmarks.

    Args:
        made, true: (K, 68, 2), displacements at the same moments, the last one at the extreme.

    Returns:
        Correlation and amplitude over the landmarks that the true motion moves (`MOVING`); leak: root mean square
        distance of the others from their true displacement; error: average keypoint distance (AKD) of all. The last
        two are shares of the inter-ocular distance; leak is NaN where all move.

    Raises:
        ValueError: the truth does not move.
    """
    size = np.linalg.norm(true[-1], axis=1)  # (68,)
    moving = size > MOVING * size.max()
    if not moving.any():
        raise ValueError("the true landmarks do not move")
    correlation, amplitude = gain(made[:, moving].reshape(len(made), -1), true[:, moving].reshape(len(true), -1))
    away = np.square(made - true).sum(axis=2)[1:, ~moving]  # (K - 1, 68 - moving)
    leak = float(np.sqrt(away.mean())) if away.size else float("nan")
    return Fidelity(correlation, amplitude, leak, akd(made[1:], true[1:]))


def small_pictures(frames: np.ndarray) -> np.ndarray:
    """(K, S, S, 3) uint8 -> (K, 32 * 32 * 3) float64, averaged over areas."""
    side = (PICTURE_SIDE, PICTURE_SIDE)
    small = [cv2.resize(frame, side, interpolation=cv2.INTER_AREA).astype(np.float64) for frame in frames]
    return np.stack(small).reshape(len(frames), -1)


def picture_fidelity(made: np.ndarray, true: np.ndarray) -> Fidelity:
    """Measure pictures, where landmarks hardly move.

    Args:
        made, true: (K, n), pictures minus their own rest, at the same moments, the last one at the extreme.

    Returns:
        Correlation and amplitude along the true difference; leak: what is left at right angles to it; error: distance
        from the truth. The last two are root mean squares over time, as shares of the true extreme's size.

    Raises:
        ValueError: the truth does not change.
    """
    correlation, amplitude = gain(made, true)
    field = true[-1]
    size = np.linalg.norm(field)
    aside = made - np.outer(made @ field / size**2, field)  # (K, n)
    return Fidelity(correlation, amplitude, float(_rms(aside[1:]) / size), float(_rms((made - true)[1:]) / size))


def gain(made: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Correlation over time and amplitude, of motions (K, n) projected on the true extreme (the last row of `true`).

    The amplitude is the slope of the least-squares line through rest.

    Raises:
        ValueError: the true extreme is rest.
    """
    field = true[-1]
    strength = float(field @ field)
    if strength == 0:
        raise ValueError("the true motion ends where it began")
    made_reach, true_reach = made @ field / strength, true @ field / strength  # (K,)
    amplitude = float(made_reach @ true_reach / (true_reach @ true_reach))
    if np.ptp(made_reach) <= 1e-12 or np.ptp(true_reach) <= 1e-12:
        return float("nan"), amplitude
    return float(np.corrcoef(made_reach, true_reach)[0, 1]), amplitude


def _rms(rows: np.ndarray) -> float:
    """Root mean square over time of the rows' lengths."""
    return float(np.sqrt(np.square(rows).sum(axis=1).mean()))
