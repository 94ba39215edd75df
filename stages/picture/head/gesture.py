"""What a path of codes does to a face, in terms that any other face can take over.

The generator's frames are looked at through their landmarks, the head is fitted to them, and what changes is
read as expressions, a turn of the head, how far the lids close, and what of the landmarks' way no expression explains.
Two thirds of it are read from the anchors' landmarks in the same way (`stages.motion.displacement`), where these are
known.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from stages.faces.crop_landmarks import interocular
from stages.faces.eye_opening import closures, room_to_close
from stages.motion.displacement import Displacement
from stages.picture.head.course import Course
from stages.picture.head.fit import DOWN, HeadFit, fit_change, fit_head
from weights.networks.head import Head

# How much of the gesture is what the generator makes of this one face, and not what the anchors' face did: on 24 people
# whose true smile and closed eyes are known, a quarter to two fifths serve best.
OWN = 1 / 3
# How far an eye of the generator's may close more or less than the anchors' eye, as a share of that, and besides: the
# code that narrows wide eyes a little shuts narrow ones, and eyes that look aside are misread.
APART, BESIDES = 0.5, 0.15
# Closures of an eye that is shut, as landmarks are read, and of one that is as wide as eyes open.
TIGHT, WIDE = 1.2, -0.5
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
        expression, turn, residual, closure = _split(values)
        return Gesture(expression, float(turn[0]), float(turn[1]), residual.reshape(68, 2), closure)


def gesture_course(
    head: Head, course: Course, landmarks: np.ndarray, displacement: Displacement | None = None
) -> GestureCourse:
    """Read the gesture of a path from landmarks (K, 68, 2) at its keys, in pixels of the generator's frames.

    Where it is known how the anchors' landmarks move, the gesture is theirs but for `OWN`. The head in the generator's
    frames stays where it is seen.
    """
    rest = fit_head(head, course.rest_of(landmarks))
    fits = fit_change(head, rest, list(landmarks))
    values = _gestures(head, rest, course.rest_of(landmarks), fits, landmarks)
    if displacement is not None:
        moves = course.key_codes(torch.zeros_like(course.directions[0]))  # (K, L, 512)
        values = _as_the_anchors(head, displacement, moves, values, room_to_close(course.rest_of(landmarks)))
    coefficients = course.coefficients(_beyond_misreading(head, course, values))
    return GestureCourse(course, rest, fits, landmarks, coefficients)


def _gestures(
    head: Head, rest: HeadFit, rest_points: np.ndarray, fits: list[HeadFit], landmarks: np.ndarray
) -> np.ndarray:
    """The changes from a head at rest, and landmarks (68, 2) there, to others: (K, E + 2 + 68 * 2 + 2)."""
    rows = []
    for fit, points in zip(fits, landmarks, strict=True):
        away = points - fit.seen(head.shape(fit.identity, fit.expression, head.landmarks))[:, :2]
        turn = Rotation.from_matrix(fit.rotation @ rest.rotation.T).as_euler("yxz")
        closed = closures(rest_points, points)
        rows.append(np.concatenate([fit.expression - rest.expression, turn[:2], (away / fit.scale).ravel(), closed]))
    return np.stack(rows)


def _as_the_anchors(
    head: Head, displacement: Displacement, moves: Tensor, values: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Gestures (K, …) of a face whose code is moved by (K, L, 512), brought near to what the anchors' face does.

    `room`, (2,), is the face's `room_to_close`: narrow eyes of the anchors that double their opening do not double that
    of wide ones.
    """
    landmarks = displacement.landmarks(moves)  # (K, 68, 2)
    rest = fit_head(head, displacement.rest)
    theirs = _gestures(head, rest, displacement.rest, fit_change(head, rest, list(landmarks)), landmarks)
    closure, their_closure = _split(values)[-1], _split(theirs)[-1]  # views
    progress = displacement.progress(moves)[:, None]  # (K, 1)
    # Beyond the extreme lids would cross, which reads as eyes that open: they go on as far as they went to it.
    beyond = np.maximum(progress, 1)
    within = displacement.landmarks(moves / torch.from_numpy(beyond[..., None]))
    their_closure[:] = beyond * np.stack([closures(displacement.rest, points) for points in within])
    their_closure *= np.where(their_closure < 0, np.minimum(room_to_close(displacement.rest) / room, 1), 1)
    np.clip(their_closure, WIDE, TIGHT, out=their_closure)
    apart = APART * np.abs(their_closure) + BESIDES * progress
    closure[:] = np.clip(closure, their_closure - apart, their_closure + apart)
    return theirs + OWN * displacement.clearness * (values - theirs)


def _beyond_misreading(head: Head, course: Course, values: np.ndarray) -> np.ndarray:
    """Gestures (K, …) without what landmarks only seem to do."""
    values = values.copy()
    expression, turns, residual, closure = _split(values)  # views of `values`
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


def _split(values: np.ndarray) -> list[np.ndarray]:
    """Gestures as numbers (…, E + 2 + 68 * 2 + 2) -> views: expression, turn, residual, closure."""
    return np.split(values, [-140, -138, -2], axis=-1)


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
