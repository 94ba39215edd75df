"""Fitting the head to the 68 landmarks of a face: who it is, what it does, where it looks.

A camera at `DISTANCE`: a point X of the head is seen at `scale * nearness * (R X)[:2] + offset`, y turned down, with
nearness = DISTANCE / (DISTANCE - (R X)[2]). Without it a turning nose, which is near, would be taken for a larger turn.
What the head's modes cannot reach is left to the caller as a residual, so that landmarks are met exactly all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from stages.faces.crop_landmarks import interocular
from weights.networks.head import Head

# Standard deviations: of a landmark, in shares of the inter-ocular distance; of a mode's coefficient; of an
# expression's weight at rest, and of its change from rest.
NOISE, IDENTITY, EXPRESSION, CHANGE = 0.02, 0.9, 0.25, 0.35
TURN, TURN_CHANGE = 0.35, 0.25  # of the head's turn, radians
STEPS, CHANGE_STEPS = 12, 6
LEAST, MOST = -0.15, 1.15  # an expression's weight
DISTANCE = 75.0  # centimetres from the camera to the head's origin: a portrait's, between a selfie's and a tele lens's
DOWN = np.array([1.0, -1.0])


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head before a camera.

    Attributes:
        identity: (M,), expression: (E,) coefficients.
        turn: (3,) rotation vector, radians, x right, y up, z towards the viewer.
        scale: pixels a centimetre, at the depth of the head's origin.
        offset: (2,) pixels, where the head's origin is seen.
    """

    identity: np.ndarray
    expression: np.ndarray
    turn: np.ndarray
    scale: float
    offset: np.ndarray

    @cached_property
    def rotation(self) -> np.ndarray:
        """(3, 3)."""
        matrix: np.ndarray = Rotation.from_rotvec(self.turn).as_matrix()
        return matrix

    @cached_property
    def roll(self) -> float:
        """How far the head leans in the picture's plane, radians, anticlockwise."""
        return float(Rotation.from_rotvec(self.turn).as_euler("ZXY")[0])

    def leant(self, plane: np.ndarray, sign: int = 1) -> np.ndarray:
        """Vectors (..., 2) of an upright head's picture plane, y down, as this head leans; back with `sign` -1."""
        cos, sin = np.cos(self.roll), sign * np.sin(self.roll)
        turned: np.ndarray = plane @ np.array([[cos, -sin], [sin, cos]])
        return turned

    def seen(self, shape: np.ndarray) -> np.ndarray:
        """(V, 3) vertices -> (V, 3): x and y in pixels, y down, and depth in centimetres, towards the viewer."""
        turned = shape @ self.rotation.T
        return np.column_stack([projected(turned) * self.scale + self.offset, turned[:, 2]])


def projected(points: np.ndarray) -> np.ndarray:
    """(..., 3) centimetres before the camera -> (..., 2) as large as at the depth of the origin, y down."""
    plane: np.ndarray = points[..., :2] * DOWN * nearness(points)[..., None]
    return plane


def nearness(points: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...): how much larger each point is seen than at the depth of the origin."""
    larger: np.ndarray = DISTANCE / (DISTANCE - points[..., 2])
    return larger


def fit_head(head: Head, landmarks: np.ndarray) -> HeadFit:
    """The head behind one face's landmarks, (68, 2) in pixels."""
    people, expressions = len(head.identity), len(head.expression)
    first = HeadFit(np.zeros(people), np.zeros(expressions), *_placed(head, landmarks))
    spread = np.concatenate([np.full(people, IDENTITY), np.full(expressions, EXPRESSION), np.full(3, TURN)])
    return _fitted(head, landmarks[None], first, spread, STEPS)[0]


def fit_change(head: Head, rest: HeadFit, landmarks: Sequence[np.ndarray]) -> list[HeadFit]:
    """What the same face does in other frames, (68, 2) pixels each: its identity stays `rest`'s."""
    spread = np.concatenate([np.full(len(rest.expression), CHANGE), np.full(3, TURN_CHANGE)])
    return _fitted(head, np.stack(landmarks), rest, spread, CHANGE_STEPS)


def _placed(head: Head, landmarks: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Turn, scale and offset under which the mean head, leaning as the face leans, comes nearest."""
    points = head.neutral[head.landmarks, :2] * DOWN
    middle, centre = points.mean(axis=0), landmarks.mean(axis=0)
    # As complex numbers a similarity is one factor: its argument leans, its size scales.
    here, there = ((values - mean) @ (1, 1j) for values, mean in ((points, middle), (landmarks, centre)))
    factor = np.vdot(here, there) / np.vdot(here, here).real
    turn = np.array([0.0, 0.0, -np.angle(factor)])  # y points up in the head, down in the picture
    leaning = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return turn, float(np.abs(factor)), centre - leaning @ middle


def _fitted(head: Head, landmarks: np.ndarray, prior: HeadFit, spread: np.ndarray, steps: int) -> list[HeadFit]:
    """Gauss and Newton's steps on all parameters at once, with ridges towards `prior`, where they begin.

    Args:
        landmarks: (K, 68, 2), of frames that are fitted side by side and know nothing of each other.
        spread: standard deviations of identity, expression and turn; without those of identity it stays as it is.
    """
    corners, count = head.landmarks, len(landmarks)
    people = len(spread) - 3 - len(head.expression)
    modes = np.concatenate([head.identity[:people, corners], head.expression[:, corners]]).astype(np.float64)
    known = head.shape(prior.identity, np.zeros(len(head.expression)), corners)  # (68, 3)
    noise = NOISE * np.array([interocular(points) for points in landmarks])[:, None, None]
    ridge = np.diag(np.concatenate([1 / np.square(spread), np.zeros(3)]))
    first = np.concatenate([np.zeros(people), prior.expression])  # of the modes: beyond `known`
    weights, turn = np.tile(first, (count, 1)), Rotation.from_rotvec(np.tile(prior.turn, (count, 1)))
    scale, offset = np.full(count, prior.scale), np.tile(prior.offset, (count, 1))
    for _ in range(steps):
        rotation = turn.as_matrix().transpose(0, 2, 1)  # (K, 3, 3)
        turned = (known + np.tensordot(weights, modes, 1)) @ rotation  # (K, 68, 3)
        size = scale[:, None, None]
        from_offset = projected(turned) * size  # (K, 68, 2)
        bent = (modes.reshape(-1, 3) @ rotation).reshape(count, len(modes), -1, 3)
        by_mode = _moves(turned, bent) * size[:, None]  # (K, M + E, 68, 2)
        by_turn = _moves(turned, _crossed(turned)) * size[:, None]  # (K, 3, 68, 2)
        by_offset = np.broadcast_to(np.eye(2)[:, None], (count, 2, len(corners), 2))
        slopes = np.concatenate([by_mode, by_turn, from_offset[:, None], by_offset], axis=1)
        slopes = slopes.reshape(count, len(ridge), -1) / noise
        away = (landmarks - from_offset - offset[:, None]).reshape(count, -1, 1) / noise
        back = (Rotation.from_rotvec(prior.turn) * turn.inv()).as_rotvec()  # (K, 3)
        pull = np.concatenate([first - weights, back, np.zeros((count, 3))], axis=1)[..., None]
        step = np.linalg.solve(slopes @ slopes.transpose(0, 2, 1) + ridge, slopes @ away + ridge @ pull)[..., 0]
        moved, turned_by, grown, shifted = np.split(step, np.cumsum([len(modes), 3, 1]), axis=1)
        weights = weights + moved
        weights[:, people:] = np.clip(weights[:, people:], LEAST, MOST)
        turn = Rotation.from_rotvec(turned_by) * turn
        scale, offset = scale * np.exp(grown[:, 0]), offset + shifted
    identity = np.tile(prior.identity, (count, 1))
    identity[:, :people] += weights[:, :people]
    return [
        HeadFit(who, does, around, float(size), where)
        for who, does, around, size, where in zip(
            identity, weights[:, people:], turn.as_rotvec(), scale, offset, strict=True
        )
    ]


def _crossed(points: np.ndarray) -> np.ndarray:
    """How points (K, N, 3) go as they turn about each axis: (K, 3, N, 3)."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    still = np.zeros_like(x)
    return np.stack([np.stack(way, axis=-1) for way in ((still, -z, y), (z, still, -x), (-y, x, still))], axis=1)


def _moves(points: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """How the projections of points (K, N, 3) move as the points move by (K, M, N, 3): (K, M, N, 2)."""
    larger = nearness(points)[:, None, :, None]
    along: np.ndarray = moves[..., :2] * larger
    along += points[:, None, :, :2] * (np.square(larger) / DISTANCE) * moves[..., 2:]
    return along * DOWN
