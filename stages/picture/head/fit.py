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
SETTLED = 1e-6  # a step that changes every parameter by less is the last
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
        steps: at most: a fit that has settled is done.
    """
    corners, count = head.landmarks, len(landmarks)
    people = len(spread) - 3 - len(head.expression)
    modes = np.concatenate([head.identity[:people, corners], head.expression[:, corners]]).astype(np.float64)
    ways = np.ascontiguousarray(modes.transpose(1, 2, 0))  # (68, 3, M + E)
    known = head.shape(prior.identity, np.zeros(len(head.expression)), corners)  # (68, 3)
    noise = NOISE * np.array([interocular(points) for points in landmarks])[:, None, None]
    ridge = np.diag(np.concatenate([1 / np.square(spread), np.zeros(3)]))
    first = np.concatenate([np.zeros(people), prior.expression])  # of the modes: beyond `known`
    weights, turn = np.tile(first, (count, 1)), np.tile(prior.rotation, (count, 1, 1))
    scale, offset = np.full(count, prior.scale), np.tile(prior.offset, (count, 1))
    slopes = np.empty((count, len(corners), 2, len(ridge)))
    slopes[..., -2:] = np.eye(2)  # by the offset
    for _ in range(steps):
        turned = (known + np.tensordot(weights, modes, 1)) @ turn.transpose(0, 2, 1)  # (K, 68, 3)
        from_offset = projected(turned) * scale[:, None, None]  # (K, 68, 2)
        seen_by = _seen_by(turned) * scale[:, None, None, None]  # (K, 68, 2, 3)
        np.matmul(seen_by @ turn[:, None], ways, out=slopes[..., : len(modes)])
        np.matmul(seen_by, _crossed(turned), out=slopes[..., len(modes) : -3])
        slopes[..., -3] = from_offset
        steep = slopes.reshape(count, -1, len(ridge)) / noise  # (K, 136, M + E + 6)
        away = (landmarks - from_offset - offset[:, None]).reshape(count, -1, 1) / noise
        back = _rotation_vectors(prior.rotation @ turn.transpose(0, 2, 1))  # (K, 3)
        pull = np.concatenate([first - weights, back, np.zeros((count, 3))], axis=1)[..., None]
        across = steep.transpose(0, 2, 1)
        step = np.linalg.solve(across @ steep + ridge, across @ away + ridge @ pull)[..., 0]
        moved, turned_by, grown, shifted = np.split(step, np.cumsum([len(modes), 3, 1]), axis=1)
        before, weights = weights, weights + moved
        weights[:, people:] = np.clip(weights[:, people:], LEAST, MOST)
        turn = _rotations(turned_by) @ turn
        scale, offset = scale * np.exp(grown[:, 0]), offset + shifted
        if max(np.abs(weights - before).max(), np.abs(step[:, len(modes) :]).max()) < SETTLED:
            break
    identity = np.tile(prior.identity, (count, 1))
    identity[:, :people] += weights[:, :people]
    return [
        HeadFit(who, does, around, float(size), where)
        for who, does, around, size, where in zip(
            identity, weights[:, people:], Rotation.from_matrix(turn).as_rotvec(), scale, offset, strict=True
        )
    ]


def _crossed(points: np.ndarray) -> np.ndarray:
    """How points (..., 3) go as they turn about each axis: (..., 3, 3), a column for each."""
    crossed = np.zeros((*points.shape, 3))
    for axis in range(3):
        after, last = (axis + 1) % 3, (axis + 2) % 3
        crossed[..., last, axis], crossed[..., after, axis] = points[..., after], -points[..., last]
    return crossed


def _seen_by(points: np.ndarray) -> np.ndarray:
    """How the projections of points (..., 3) go as the points do: (..., 2, 3)."""
    larger = nearness(points)[..., None]
    by = np.zeros((*points.shape[:-1], 2, 3))
    by[..., 0, 0] = by[..., 1, 1] = larger[..., 0]
    by[..., 2] = points[..., :2] * np.square(larger) / DISTANCE
    return by * DOWN[:, None]


def _rotations(vectors: np.ndarray) -> np.ndarray:
    """(K, 3) rotation vectors -> (K, 3, 3); SciPy's own take ten times as long for so few."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    cross = -_crossed(vectors)
    sine, versine = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2  # over the angle, and its square
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross))  # Rodrigues' formula


def _rotation_vectors(rotations: np.ndarray) -> np.ndarray:
    """(K, 3, 3) -> (K, 3), of less than half a turn."""
    skew = (rotations - rotations.transpose(0, 2, 1)) / 2
    axis = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1)  # as long as the angle's sine
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, (np.trace(rotations, axis1=1, axis2=2) - 1) / 2)
    return np.asarray(axis * (angle / np.maximum(sine, 1e-12))[:, None])
