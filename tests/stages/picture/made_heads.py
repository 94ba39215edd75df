"""Faces whose truth is known: the head itself, before a camera, doing what a test says."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from stages.picture.head.canvas import Canvas
from stages.picture.head.fit import HeadFit
from stages.picture.head.gesture import Gesture
from weights.networks.head import Head

SIDE = 320  # pixels of a picture around such a face


def made_fit(
    head: Head,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    identity: np.ndarray | None = None,
    **expressions: float,
) -> HeadFit:
    """A head of 12 pixels a centimetre; degrees, and expressions by name, without a side for both sides."""
    weights = np.zeros(len(head.names))
    for name, weight in expressions.items():
        numbers = [number for number, own in enumerate(head.names) if own in (name, f"{name}_L", f"{name}_R")]
        assert numbers, f"no expression {name}"
        weights[numbers] = weight
    who = np.zeros(len(head.identity)) if identity is None else identity
    turn = Rotation.from_euler("yxz", [yaw, pitch, roll], degrees=True).as_rotvec()
    return HeadFit(who, weights, turn, 12.0, np.array([SIDE / 2, SIDE / 2 - 10]))


def made_landmarks(head: Head, fit: HeadFit) -> np.ndarray:
    """(68, 2) pixels, where the landmarks of such a head are seen."""
    return fit.seen(head.shape(fit.identity, fit.expression, head.landmarks))[:, :2]


def made_gesture(head: Head, **changes: Any) -> Gesture:
    """A gesture that does nothing but `changes`; an expression may be given by its name and weight."""
    nothing: dict[str, Any] = {
        "expression": np.zeros(len(head.names)),
        "yaw": 0.0,
        "pitch": 0.0,
        "residual": np.zeros((68, 2)),
        "closure": np.zeros(2),
    }
    return Gesture(**(nothing | changes))


def made_change(head: Head, **expressions: Any) -> np.ndarray:
    """(E,) expressions by name, as `made_fit` takes them."""
    return made_fit(head, **expressions).expression


def plain(canvas: Canvas) -> np.ndarray:
    """(H, W, 3) float32, a picture of one colour on a canvas's grid: nothing on it looks like hair."""
    return np.full((*canvas.cells, 3), 120.0, np.float32)
