"""Eyes and mouth: holes in the skin, with something behind them.

What is behind a lid stays where it is and is covered or uncovered. What is behind lips that were closed at rest is not
in the picture: it comes from the generator's frames, in the picture's tones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy import ndimage

from weights.networks.head import Rims

ROWS, COLUMNS = 5, 24  # of the lattice that is stretched over an opening
FINER = 4  # a polygon is drawn so much larger and then averaged: OpenCV's own smooth edges snap to whole rows
SUBPIXEL = 4  # bits of a polygon's corners


@dataclass(frozen=True, eq=False)
class Box:
    """Attributes: left, top, width, height, in pixels of the picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def rows_and_columns(self) -> tuple[slice, slice]:
        """Of the picture."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def box_around(points: np.ndarray, pad: float, height: int, width: int) -> Box:
    """The box around points (N, 2), with a border of some pixels, within a picture."""
    low = np.clip(np.floor(points.min(axis=0) - pad), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) + pad), low + 1, (width, height)).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def triangles_near(triangles: np.ndarray, places: Sequence[np.ndarray], box: Box) -> np.ndarray:
    """The triangles that reach into a box in any of some places of the vertices."""
    inside = np.zeros(len(triangles), bool)
    for points in places:
        x, y = points[:, 0] - box.left, points[:, 1] - box.top
        # A bit for each side of the box that a vertex does not lie beyond: a triangle outside lies all beyond one.
        sides = (x >= 0) * 1 + (x <= box.width) * 2 + (y >= 0) * 4 + (y <= box.height) * 8
        inside |= np.bitwise_or.reduce(sides.astype(np.uint8).take(triangles.T), axis=0) == 15
    return triangles[inside]


def outline(points: np.ndarray, rims: Rims) -> np.ndarray:
    """The edge of an opening, (N, 2)."""
    return np.concatenate([points[rims.upper, :2], points[rims.lower[-2:0:-1], :2]])


def opening_mask(edge: np.ndarray, box: Box, softness: float) -> np.ndarray:
    """How much of each pixel an opening covers: (h, w) float32 in [0, 1]."""
    fine = edge - (box.left, box.top)
    corners = np.round((fine * FINER - 0.5) * 2**SUBPIXEL).astype(np.int32)
    mask = np.zeros((box.height * FINER, box.width * FINER), np.uint8)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_8, SUBPIXEL)
    covered = cv2.resize(mask, (box.width, box.height), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(covered, (0, 0), softness).astype(np.float32) / 255


def lattice(points: np.ndarray, rims: Rims) -> np.ndarray:
    """Points stretched over an opening between its rims: (ROWS, COLUMNS, 2), the first row on the upper rim."""
    shares = np.linspace(0, 1, COLUMNS)
    upper, lower = (_along(points[rim, :2], shares) for rim in (rims.upper, rims.lower))
    down = np.linspace(0, 1, ROWS)[:, None, None]
    return np.asarray(upper + down * (lower - upper), np.float32)


@cache
def lattice_triangles() -> np.ndarray:
    """(T, 3) of a lattice's points, row by row."""
    corner = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    first = np.column_stack([corner, corner + COLUMNS, corner + 1])
    second = np.column_stack([corner + 1, corner + COLUMNS, corner + COLUMNS + 1])
    return np.concatenate([first, second])


def without_skin(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What is behind an opening, continued under its rims: every pixel outside takes the nearest one inside."""
    inside = mask > 0.95
    if not inside.any():
        return picture
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.ascontiguousarray(picture[tuple(nearest)])


def _along(line: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Points of a line at shares of its length."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    length = length / max(length[-1], 1e-9)
    return np.column_stack([np.interp(shares, length, line[:, axis]) for axis in range(2)])
