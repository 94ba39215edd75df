"""The head in a picture: where its vertices lie at rest, and where a gesture takes them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from stages.picture.head.fit import LEAST, MOST, HeadFit, fit_head, projected
from stages.picture.head.gesture import Gesture
from weights.networks.head import Head, Rims

# The point about which a head turns and nods, centimetres: where the skull rests on the neck.
PIVOT = np.array([0.0, -2.0, 0.0])
# How far a flat picture can be turned before it shows: freely, at most, and how much of that is lost for each degree
# that the head is turned away at rest. Degrees.
FREE, FARTHEST, LOSS, LEAST_TURN = 18.0, 25.0, 0.6, 6.0
FREE_SHARE = FREE / FARTHEST
LIDS = ("eyeBlink_R", "eyeBlink_L")  # of the left and right eye as the viewer sees them


@dataclass(frozen=True, eq=False)
class Figure:
    """A head found in a picture.

    Attributes:
        head: the shape.
        fit: of it to the picture's landmarks.
        residual: (H, 2) pixels, how far the held vertices lie from where the fit alone would put them.
        outward: (V, 3) centimetres, by how much its ears and forehead stand out of the shape's.
    """

    head: Head
    fit: HeadFit
    residual: np.ndarray
    outward: np.ndarray | float = 0.0

    @cached_property
    def rest(self) -> np.ndarray:
        """(V, 3) vertices at rest: x and y in pixels, y down, and depth in pixels, towards the viewer."""
        return self.moved(self.still)

    @cached_property
    def still(self) -> Gesture:
        """That of a face at rest."""
        count = len(self.head.landmarks)
        return Gesture(np.zeros(len(self.head.names)), 0.0, 0.0, np.zeros((count, 2)), np.zeros(2))

    @cached_property
    def _unmoved(self) -> np.ndarray:
        """(V, 3) centimetres from the pivot: who it is, without any expression."""
        shape: np.ndarray = self.head.shape(self.fit.identity, np.zeros(len(self.head.names))) + self.outward - PIVOT
        return shape

    @cached_property
    def _moves(self) -> np.ndarray:
        """(E, V, 3) float64, of each expression in full: converted once, not for each frame."""
        return self.head.expression.astype(np.float64)

    @cached_property
    def aside(self) -> float:
        """How far the head looks to one side at rest, degrees."""
        return float(np.degrees(np.abs(Rotation.from_rotvec(self.fit.turn).as_euler("yxz")[0])))

    @cached_property
    def farthest_turn(self) -> float:
        """How far this head may turn, radians."""
        return float(np.radians(max(FARTHEST - LOSS * self.aside, LEAST_TURN)))

    def softened(self, gesture: Gesture) -> tuple[float, float]:
        """Yaw and pitch as far as the picture can be turned, radians: as asked, then ever less up to the limit."""
        limit = self.farthest_turn
        asked = float(np.hypot(gesture.yaw, gesture.pitch))
        free = FREE_SHARE * limit
        if asked <= free:
            return gesture.yaw, gesture.pitch
        given = free + (limit - free) * np.tanh((asked - free) / (limit - free))
        return gesture.yaw * given / asked, gesture.pitch * given / asked

    def moved(self, gesture: Gesture) -> np.ndarray:
        """(V, 3) vertices under a gesture, as `rest` has them."""
        head, fit = self.head, self.fit
        shape = self._unmoved + np.tensordot(self.expression_of(gesture), self._moves, 1)  # (V, 3)
        seen = self.placed(shape, gesture, head.turning)
        further = self.residual + head.mixing @ (fit.leant(gesture.residual) * fit.scale)
        further += self._lifted(seen, further, gesture)
        held = seen[head.held, :2] + further
        seen[:, :2] += head.influence @ further.astype(np.float32)
        seen[head.held, :2] = held  # to the last digit: rims shut
        return seen

    def placed(self, shape: np.ndarray, gesture: Gesture, turning: np.ndarray | float) -> np.ndarray:
        """Points of the head (N, 3), centimetres from the pivot -> (N, 3) as `rest` has them, turned as a gesture turns
        the skull, or by a share of that, (N,)."""
        fit = self.fit
        still = shape @ fit.rotation.T
        turn = self._lean @ _turn(*self.softened(gesture)) @ self._lean.T  # about the head's own axes
        share = np.asarray(turning)[..., None]
        points = still + share * (still @ (turn - np.eye(3)).T) + PIVOT @ fit.rotation.T
        return np.column_stack([projected(points) * fit.scale + fit.offset, points[:, 2] * fit.scale])

    @cached_property
    def _lean(self) -> np.ndarray:
        """(3, 3) in the picture's plane."""
        matrix: np.ndarray = Rotation.from_euler("z", self.fit.roll).as_matrix()
        return matrix

    def expression_of(self, gesture: Gesture) -> np.ndarray:
        """(E,) weights: lids by how far they close, the rest as it changes, no farther than a face can go."""
        rest = self.fit.expression
        weights = np.clip(rest + gesture.expression, np.minimum(rest, LEAST), np.maximum(rest, MOST))
        for side, blink in enumerate(LIDS):
            number = self.head.names.index(blink)
            closure = float(np.clip(gesture.closure[side], 0, 1))
            weights[number] = rest[number] + closure * (1 - rest[number])
        return weights

    def _lifted(self, seen: np.ndarray, further: np.ndarray, gesture: Gesture) -> np.ndarray:
        """How much further the held vertices go (H, 2) for lids that are as far apart as the gesture says, exactly shut
        where it shuts them, and for lips that never cross."""
        head = self.head
        points = seen[:, :2].copy()
        points[head.held] += further  # the rims' vertices are all held
        open_share = [1 - min(float(closure), 1.0) for closure in gesture.closure]
        lifted = np.zeros((len(head.held), 2))
        for number, rims in enumerate(head.openings):
            down, gap = rim_gaps(points, rims)
            wanted = np.maximum(self._rest_gaps[number], 0) * open_share[number] if number < 2 else np.maximum(gap, 0)
            lifted[self._upper_places[number]] += ((gap - wanted)[:, None] * down)[1:-1]
        return lifted

    @cached_property
    def _upper_places(self) -> tuple[np.ndarray, ...]:
        """Where the vertices of the upper rims, without their corners, stand among the held ones."""
        return tuple(_places(self.head, rims.upper[1:-1]) for rims in self.head.openings)

    @cached_property
    def _rest_gaps(self) -> tuple[np.ndarray, ...]:
        """How far each vertex of the upper rims stands above the lower rim in the picture, pixels."""
        shape = self.fit.seen(self.head.shape(self.fit.identity, self.fit.expression))
        shape[:, :2] += self.head.influence @ self.residual
        return tuple(rim_gaps(shape, rims)[1] for rims in self.head.openings)


def find_figure(head: Head, landmarks: np.ndarray) -> Figure:
    """The head behind landmarks (68, 2), pixels of the picture."""
    fit = fit_head(head, landmarks)
    away = landmarks - fit.seen(head.shape(fit.identity, fit.expression, head.landmarks))[:, :2]
    return Figure(head, fit, head.mixing @ away)


def rim_gaps(points: np.ndarray, rims: Rims) -> tuple[np.ndarray, np.ndarray]:
    """Across an opening: (2,) the unit vector from the upper rim to the lower one, and (U,) the upper rim's gaps."""
    upper, lower = points[rims.upper, :2], points[rims.lower, :2]
    across = upper[-1] - upper[0]
    across = across / np.linalg.norm(across)
    down = np.array([-across[1], across[0]])
    along_upper, along_lower = upper @ across, np.maximum.accumulate(lower @ across)
    gaps = np.interp(along_upper, along_lower, lower @ down) - upper @ down
    gaps[[0, -1]] = 0.0  # the corners are both rims', wherever they are seen
    return down, gaps


def _turn(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3): first about the axis that points up, then about the one that points to the picture's right."""
    (sin, down), (cos, level) = np.sin((yaw, pitch)), np.cos((yaw, pitch))
    about_y = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, level, -down], [0.0, down, level]])
    turn: np.ndarray = about_x @ about_y
    return turn


def _places(head: Head, vertices: np.ndarray) -> np.ndarray:
    """Where vertices stand among the held ones."""
    order = np.argsort(head.held)
    places: np.ndarray = order[np.searchsorted(head.held, vertices, sorter=order)]
    return places
