"""Spectacles: two rims, a bridge and two temples, bent from wire to fit a person's own head."""

from dataclasses import dataclass

import numpy as np

RIM_POINTS, BRIDGE_POINTS, TEMPLE_POINTS = 40, 9, 10
SIDES = 6  # of the wire's cross-section
# Landmarks: both eyes, and the bridge of the nose between them.
LEFT_EYE, RIGHT_EYE, NOSE_BRIDGE = slice(36, 42), slice(42, 48), 27
OVER_EAR = np.array([7.7, 4.0, 1.0])  # on the mean head, centimetres; its twin lies at -x
CLEARANCE = 1.3  # centimetres from the corners of the eyes to the rims


@dataclass(frozen=True)
class Glasses:
    """A pair of spectacles. Lengths are centimetres.

    Attributes:
        wire: radius of the wire; 0 is no spectacles.
        width, height: half the width and half the height of a rim.
        squareness: exponent of the rim's superellipse, from 2 for an ellipse up.
        colour: (3,), linear RGB.
    """

    wire: float
    width: float
    height: float
    squareness: float
    colour: np.ndarray


def wires(glasses: Glasses, landmarks: np.ndarray, over_ears: np.ndarray) -> list[np.ndarray]:
    """The lines along which the wire runs.

    Args:
        glasses: the pair.
        landmarks: (68, 3), of the head that wears it, at rest.
        over_ears: (2, 3), where the temples end, first on the head's right (x < 0).

    Returns:
        Lines (N, 3), N not the same for each: rims, bridge, temples.
    """
    eyes = [landmarks[LEFT_EYE].mean(axis=0), landmarks[RIGHT_EYE].mean(axis=0)]
    eyes.sort(key=lambda eye: float(eye[0]))
    front = float(np.max([eye[2] for eye in eyes])) + CLEARANCE
    # Rims lie a little outside the middle of the eyes, and may not meet.
    middles = [np.array([eye[0] * 1.06, eye[1] - 0.15]) for eye in eyes]
    width = min(glasses.width, 0.5 * float(middles[1][0] - middles[0][0]) - 0.35)
    lines = []
    for middle in middles:
        angle = np.linspace(0, 2 * np.pi, RIM_POINTS)
        power = 2 / glasses.squareness
        x = middle[0] + width * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
        y = middle[1] + glasses.height * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
        lines.append(np.stack([x, y, _bowed(x, front)], axis=1))
    height = 0.5 * (middles[0][1] + middles[1][1]) + 0.45 * glasses.height
    inner = [middles[0][0] + 0.93 * width, middles[1][0] - 0.93 * width]
    x = np.linspace(inner[0], inner[1], BRIDGE_POINTS)
    arch = np.sin(np.linspace(0, np.pi, BRIDGE_POINTS))
    clear = max(float(landmarks[NOSE_BRIDGE, 2]) + 0.35, front)
    lines.append(np.stack([x, height + 0.3 * arch, front + (clear - front) * arch], axis=1))
    for middle, ear, side in zip(middles, over_ears, (-1, 1), strict=True):
        outer = middle[0] + side * 0.97 * width
        hinge = np.array([outer, height, float(_bowed(np.array([outer]), front)[0])])
        along = np.linspace(0, 1, TEMPLE_POINTS)[:, None]
        line = hinge + (ear - hinge) * along
        line[:, 0] += side * 0.5 * np.sin(np.pi * along[:, 0])  # out around the temple
        lines.append(line)
    return lines


def tube(line: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A wire's surface.

    Args:
        line: (N, 3).
        radius: centimetres.

    Returns:
        Places and unit normals, each (N, SIDES, 3).
    """
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    # No part of a frame runs straight along this direction.
    across = np.cross(along, np.array([0.31, 0.92, -0.24]))
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    up = np.cross(across, along)
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    normals = across[:, None] * np.cos(angle)[:, None] + up[:, None] * np.sin(angle)[:, None]  # (N, SIDES, 3)
    return line[:, None] + radius * normals, normals


def mesh(lines: list[np.ndarray], radius: float) -> np.ndarray:
    """(V, 6) float32, place and normal of all wires, in the order of `triangles`."""
    tubes = [tube(line, radius) for line in lines]
    places, normals = (np.concatenate([part[kind].reshape(-1, 3) for part in tubes]) for kind in (0, 1))
    return np.concatenate([places, normals], axis=1).astype(np.float32)


def triangles() -> np.ndarray:
    """(T, 3) int32, indices into `mesh`."""
    quads, start = [], 0
    for points in (RIM_POINTS, RIM_POINTS, BRIDGE_POINTS, TEMPLE_POINTS, TEMPLE_POINTS):
        ring, side = np.meshgrid(np.arange(points - 1), np.arange(SIDES), indexing="ij")
        here, beside = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
        corners = np.stack([here, beside, here + SIDES, beside, beside + SIDES, here + SIDES], axis=-1)
        quads.append(start + corners.reshape(-1, 3))
        start += points * SIDES
    return np.concatenate(quads).astype(np.int32)


def _bowed(x: np.ndarray, front: float) -> np.ndarray:
    """How far forward the frame lies: it bends back around the face."""
    bowed: np.ndarray = front - 0.022 * x**2 + 0.25
    return bowed
