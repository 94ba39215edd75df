"""What a path of codes does to a face, in terms that any other face can take over.

The generator's frames are looked at through their landmarks, the head is fitted to them, and what changes is told as
expressions, a turn of the head, how far the lids close, and what of the landmarks' way no expression explains.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from stages.faces.crop_landmarks import interocular
from stages.faces.eye_opening import closures
from stages.motion.drift import Drift
from stages.picture.course import Course
from stages.picture.fit import DOWN, HeadFit, fit_change, fit_head
from weights.networks.head import Head

# Degrees: a path that turns the head by less at its extreme does not mean to, one that turns it by more does.
SWAYING, TURNING = 2.0, 7.0
# What landmarks seem to do besides as a head turns and does nothing else, for each unit of the turn's sine: their root
# mean square in shares of the inter-ocular distance, and how far a lid closes. On 24 people they are at most that.
MISREAD_LANDMARKS, MISREAD_LIDS = 0.055, 0.8


@dataclass(frozen=True, eq=False)
class Gesture:
    """A motion at one place of its course.

    Attributes:
        expression: (E,) change of the expressions' weights.
        yaw, pitch: of the head, radians; to the picture's right, and down.
        residual: (68, 2) further way of the landmarks, centimetres in the picture's plane, y down.
        closure: (2,) of the left and right eye: 0 as open as at rest, 1 shut, below 0 wider.
    """

    expression: np.ndarray
    yaw: float
    pitch: float
    residual: np.ndarray
    closure: np.ndarray


@dataclass(frozen=True, eq=False)
class GestureCourse:
    """The gesture along a path, and the head in the generator's own frames.

    Attributes:
        course: the path.
        fits: of the head at each key; rest_fit: at rest.
        landmarks: (K, 68, 2) at the keys, pixels of the generator's frames.
        coefficients: of the polynomial, (P, E + 2 + 68 * 2 + 2).
    """

    course: Course
    rest_fit: HeadFit
    fits: list[HeadFit]
    landmarks: np.ndarray
    coefficients: np.ndarray

    @cached_property
    def largest_turn(self) -> float:
        """Of the head along the course, radians."""
        return max(float(np.hypot(gesture.yaw, gesture.pitch)) for gesture in map(self.at, self.course.keys))

    def at(self, place: np.ndarray) -> Gesture:
        """The gesture at a place (R,) of the course."""
        values = self.course.terms(place) @ self.coefficients
        expression, turn, residual, closure = np.split(values, _parts(self.rest_fit))
        return Gesture(expression, float(turn[0]), float(turn[1]), residual.reshape(68, 2), closure)


def gesture_course(head: Head, course: Course, landmarks: np.ndarray, drift: Drift | None = None) -> GestureCourse:
    """Read the gesture of a path from landmarks (K, 68, 2) at its keys, in pixels of the generator's frames.

    A drift is taken from the gesture alone: the head in the generator's frames stays where it is seen.
    """
    rest = fit_head(head, course.rest_of(landmarks))
    fits = fit_change(head, rest, list(landmarks))
    if drift is None:
        return GestureCourse(
            course, rest, fits, landmarks, course.coefficients(_gestures(head, course, rest, fits, landmarks))
        )
    moves = course.key_codes(torch.zeros_like(course.directions[0]))
    meant = drift.taken_from(landmarks, moves)
    values = _gestures(head, course, rest, fit_change(head, rest, list(meant)), meant) * drift.meant
    closure = np.split(values, _parts(rest), axis=1)[-1]  # a view of `values`
    closure[:] = drift.lids_within(closure, moves)
    return GestureCourse(course, rest, fits, landmarks, course.coefficients(values))


def _gestures(head: Head, course: Course, rest: HeadFit, fits: list[HeadFit], landmarks: np.ndarray) -> np.ndarray:
    """The gesture at each key, as numbers: (K, E + 2 + 68 * 2 + 2)."""
    rest_points = course.rest_of(landmarks)
    rows = []
    for fit, points in zip(fits, landmarks, strict=True):
        away = points - fit.seen(head.shape(fit.identity, fit.expression, head.landmarks))[:, :2]
        turn = Rotation.from_matrix(fit.rotation @ rest.rotation.T).as_euler("yxz")
        closed = closures(rest_points, points)
        rows.append(np.concatenate([fit.expression - rest.expression, turn[:2], (away / fit.scale).ravel(), closed]))
    values = np.stack(rows)
    expression, turns, residual, closure = np.split(values, _parts(rest), axis=1)  # views of `values`
    turns *= _meant(course, turns)
    misread = float(np.sin(np.hypot(*_largest(course, turns))))
    ways = np.tensordot(expression, head.expression[:, head.landmarks, :2] * DOWN, 1)  # (K, 68, 2) centimetres
    ways += residual.reshape(ways.shape)
    farthest = np.sqrt(np.square(ways).sum(axis=2).mean(axis=1)).max() / interocular(head.neutral[head.landmarks, :2])
    meant = _beyond_noise(farthest, MISREAD_LANDMARKS * misread)
    expression *= meant
    residual *= meant
    closure *= _beyond_noise(_largest(course, closure), MISREAD_LIDS * misread)
    return values


def _parts(rest: HeadFit) -> list[int]:
    """Where a gesture's turns, residual and closure begin among its numbers."""
    expressions = len(rest.expression)
    return [expressions, expressions + 2, expressions + 2 + 136]


def _largest(course: Course, values: np.ndarray) -> np.ndarray:
    """How large values (K, C) become along a course, smoothed as it is: (C,)."""
    largest: np.ndarray = np.abs(course.terms(course.keys) @ course.coefficients(values)).max(axis=0)
    return largest


def _beyond_noise(found: np.ndarray, noise: float) -> np.ndarray:
    """The share of what was found that noise does not explain, as in Wiener's filter."""
    share: np.ndarray = np.clip(1 - np.square(noise / np.maximum(found, 1e-9)), 0, 1)
    return share


def _meant(course: Course, turns: np.ndarray) -> np.ndarray:
    """How much of each turn (K, 2) is passed on: a degree or two is what sways in a clip or is misread in a smile."""
    share = np.clip((np.degrees(_largest(course, turns)) - SWAYING) / (TURNING - SWAYING), 0, 1)
    meant: np.ndarray = share * share * (3 - 2 * share)
    return meant
