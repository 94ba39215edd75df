"""The part of a picture that may change: a box around the head, and the coarse grid laid over it."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stages.picture.head.figure import Figure
from stages.picture.warping.outline import away_from, outline_distance
from stages.picture.warping.raster import Drawn, draw, facing_of

LONGEST = 224  # cells of the grid
# In widths of the head: how far around it hair, hats and hands may move, how near they move as the head does, and how
# far below the chin the box ends.
REACH, NEAR = 0.34, 0.06
RAMP = 6  # cells over which motion ends at the box's border
HIDDEN = 0.06  # of the head's width: what lies so far behind what is seen is hidden at rest
TURNS_WITH_HEAD = 0.3  # of a head's turn: what belongs to the head
ASKEW, FULL = 0.05, 0.3  # cosines: skin that is seen more askew tells nothing; from here on, all


@dataclass(frozen=True, eq=False)
class Canvas:
    """Attributes:
    figure: the head, in pixels of the picture.
    left, top, width, height: the box, in pixels of the picture.
    free: of its left, top, right and bottom side, whether it lies within the picture: there nothing may move.
    """

    figure: Figure
    left: int
    top: int
    width: int
    height: int
    free: tuple[bool, bool, bool, bool]

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the picture."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @cached_property
    def cells(self) -> tuple[int, int]:
        """(H, W) of the grid."""
        step = max(max(self.width, self.height) / LONGEST, 1.0)
        return max(round(self.height / step), 4), max(round(self.width / step), 4)

    @cached_property
    def step(self) -> np.ndarray:
        """(2,) pixels a cell, across and down."""
        return np.array([self.width / self.cells[1], self.height / self.cells[0]])

    @cached_property
    def steps(self) -> np.ndarray:
        """(H, W, 2) float32: `step` at every cell, for numpy repeats a short axis slowly."""
        return np.tile(self.step.astype(np.float32), (*self.cells, 1))

    def on_grid(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the picture, centres at .5 -> cells, centres at whole numbers."""
        cells: np.ndarray = (points - (self.left, self.top)) / self.step - 0.5
        return cells

    @cached_property
    def drawn(self) -> Drawn:
        """The head at rest on the grid."""
        rest = self.figure.rest
        return draw(self.on_grid(rest[:, :2]), rest[:, 2], self.figure.head.triangles, self.cells)

    @cached_property
    def outline(self) -> np.ndarray:
        """(H, W) float32: cells from the outline of the head at rest, below 0 within it."""
        return outline_distance(self.drawn.whole)

    @cached_property
    def outwards(self) -> np.ndarray:
        """(H, W, 2) float32: unit vectors straight out of that outline."""
        return away_from(self.outline)

    @cached_property
    def window(self) -> np.ndarray:
        """(H, W) float32: how far each cell moves with the head; 1 on it and near it, 0 far away."""
        head = cv2.morphologyEx(self.drawn.covered.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        away = cv2.distanceTransform(1 - head, cv2.DIST_L2, 5)
        window = _smooth(1 - (away / self.head_width - NEAR) / (REACH - NEAR))
        return window * self._ramp

    @cached_property
    def windows(self) -> np.ndarray:
        """(H, W, 2) float32: `window` for both directions."""
        return np.repeat(self.window[..., None], 2, axis=2)

    @cached_property
    def _ramp(self) -> np.ndarray:
        """(H, W) 0 at the outermost cells of free sides, 1 from `RAMP` cells on."""
        rows, columns = (np.arange(count, dtype=np.float32) for count in self.cells)
        left, top, right, bottom = (0 if free else RAMP for free in self.free)
        down = np.minimum(rows + top, rows[::-1] + bottom)[:, None]
        across = np.minimum(columns + left, columns[::-1] + right)[None]
        return _smooth(np.minimum(down, across) / RAMP)

    @cached_property
    def shown_at_rest(self) -> np.ndarray:
        """(V,) float32: 1 for vertices that the picture shows, 0 for those behind others."""
        rest = self.figure.rest
        depth = self.drawn.interpolate(self.figure.head.triangles, rest[:, 2:])[..., 0]
        at = np.round(self.on_grid(rest[:, :2])).astype(int)
        rows = np.clip(at[:, 1], 0, self.cells[0] - 1)
        columns = np.clip(at[:, 0], 0, self.cells[1] - 1)
        before = np.where(self.drawn.covered, depth, -np.inf)[rows, columns]
        return (rest[:, 2] > before - HIDDEN * _head_width(self.figure)).astype(np.float32)

    @cached_property
    def cosines(self) -> np.ndarray:
        """(V,) how far each vertex faces the camera: 1 straight, below 0 away from it."""
        return facing_of(self.figure.rest, self.figure.head.triangles)

    @cached_property
    def towards(self) -> np.ndarray:
        """(V,) float32: the cosine under which the picture shows each vertex; 0 for those that it does not show."""
        return np.asarray(np.maximum(self.cosines, 0) * self.shown_at_rest, np.float32)

    @cached_property
    def facing(self) -> np.ndarray:
        """(V,) float32: how well the picture shows each vertex: 0 where hidden or seen askew, 1 where seen in full."""
        return np.asarray(np.clip((self.towards - ASKEW) / (FULL - ASKEW), 0, 1), np.float32)

    @cached_property
    def places(self) -> np.ndarray:
        """(H, W, 2) float32: column and row of each cell."""
        rows, columns = np.mgrid[: self.cells[0], : self.cells[1]].astype(np.float32)
        return np.stack([columns, rows], axis=-1)

    @cached_property
    def face(self) -> np.ndarray:
        """(H, W) bool: within the landmarks, from the brows to the chin."""
        hull = cv2.convexHull(np.round(self.on_grid(self.figure.rest[self.figure.head.landmarks, :2])).astype(np.int32))
        return cv2.fillConvexPoly(np.zeros(self.cells, np.uint8), hull, 1) > 0

    @property
    def head_width(self) -> float:
        """In cells, from cheek to cheek."""
        return _head_width(self.figure) / float(self.step.mean())


def canvas_for(figure: Figure, height: int, width: int) -> Canvas:
    """The canvas of a head in a picture of some size."""
    skull = figure.rest[figure.head.turning > TURNS_WITH_HEAD, :2]
    reach = _head_width(figure) * REACH
    low = np.maximum(np.floor(skull.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(skull.max(axis=0) + reach), (width, height)).astype(int)
    free = (low[0] > 0, low[1] > 0, high[0] < width, high[1] < height)
    return Canvas(figure, int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]), free)


def _head_width(figure: Figure) -> float:
    """Pixels, from cheek to cheek: of the mean head under the figure's scale, so that no turn narrows it."""
    return float(np.ptp(figure.head.neutral[figure.head.landmarks, 0]) * figure.fit.scale)


def _smooth(share: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
