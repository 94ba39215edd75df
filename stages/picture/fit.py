"""Fitting the head to the 68 landmarks of a face: who it is, what it does, where it looks.

Weak perspective: a point X of the head is seen at `scale * (R X)[:2] + offset`, y turned down. What the head's modes
cannot reach is left to the caller as a residual, so that landmarks are met exactly all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
DOWN = np.array([1.0, -1.0])


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head before a camera.

    Attributes:
        identity: (M,), expression: (E,) coefficients.
        turn: (3,) rotation vector, radians, x right, y up, z towards the viewer.
        scale: pixels a centimetre.
        offset: (2,) pixels, where the head's origin is seen.
    """

    identity: np.ndarray
    expression: np.ndarray
    turn: np.ndarray
    scale: float
    offset: np.ndarray

    @property
    def rotation(self) -> np.ndarray:
        """(3, 3)."""
        matrix: np.ndarray = Rotation.from_rotvec(self.turn).as_matrix()
        return matrix

    @property
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
        return np.column_stack([turned[:, :2] * DOWN * self.scale + self.offset, turned[:, 2]])


def fit_head(head: Head, landmarks: np.ndarray) -> HeadFit:
    """The head behind one face's landmarks, (68, 2) in pixels."""
    people, expressions = len(head.identity), len(head.expression)
    first = HeadFit(np.zeros(people), np.zeros(expressions), *_placed(head, landmarks))
    spread = np.concatenate([np.full(people, IDENTITY), np.full(expressions, EXPRESSION), np.full(3, TURN)])
    return _fitted(head, landmarks, first, spread, STEPS)


def fit_change(head: Head, rest: HeadFit, landmarks: Sequence[np.ndarray]) -> list[HeadFit]:
    """What the same face does in other frames, (68, 2) pixels each: its identity stays `rest`'s."""
    spread = np.concatenate([np.full(len(rest.expression), CHANGE), np.full(3, TURN_CHANGE)])
    return [_fitted(head, points, rest, spread, CHANGE_STEPS) for points in landmarks]


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


def _fitted(head: Head, landmarks: np.ndarray, prior: HeadFit, spread: np.ndarray, steps: int) -> HeadFit:
    """Gauss and Newton's steps on all parameters at once, with ridges towards `prior`, where they begin.

    `spread` has standard deviations of identity, expression and turn; without those of identity it stays as it is.
    """
    corners = head.landmarks
    expressions = len(head.expression)
    people = len(spread) - 3 - expressions
    modes = np.concatenate([head.identity[:people, corners], head.expression[:, corners]]).astype(np.float64)
    noise = NOISE * interocular(landmarks)
    ridge = np.diag(np.concatenate([1 / np.square(spread), np.zeros(3)]))
    fit = prior
    for _ in range(steps):
        turned = head.shape(fit.identity, fit.expression, corners) @ fit.rotation.T  # (68, 3)
        seen = turned[:, :2] * DOWN * fit.scale + fit.offset
        by_mode = (modes @ fit.rotation.T)[..., :2] * DOWN * fit.scale  # (M + E, 68, 2)
        by_turn = np.stack([np.cross(axis, turned)[:, :2] for axis in np.eye(3)]) * DOWN * fit.scale  # (3, 68, 2)
        by_scale = (seen - fit.offset)[None]
        by_offset = np.broadcast_to(np.eye(2)[:, None], (2, len(corners), 2))
        slopes = np.concatenate([by_mode, by_turn, by_scale, by_offset]).reshape(len(ridge), -1) / noise
        away = (landmarks - seen).ravel() / noise
        back = (Rotation.from_rotvec(prior.turn) * Rotation.from_rotvec(fit.turn).inv()).as_rotvec()
        pull = np.concatenate(
            [(prior.identity - fit.identity)[:people], prior.expression - fit.expression, back, np.zeros(3)]
        )
        step = np.linalg.solve(slopes @ slopes.T + ridge, slopes @ away + ridge @ pull)
        who, does, turn, scale, offset = np.split(step, np.cumsum([people, expressions, 3, 1]))
        identity = fit.identity.copy()
        identity[:people] += who
        fit = replace(
            fit,
            identity=identity,
            expression=np.clip(fit.expression + does, LEAST, MOST),
            turn=(Rotation.from_rotvec(turn) * Rotation.from_rotvec(fit.turn)).as_rotvec(),
            scale=fit.scale * float(np.exp(scale[0])),
            offset=fit.offset + offset,
        )
    return fit
