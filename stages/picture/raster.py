"""Drawing triangles into arrays: which triangle each point of a grid sees, and where in it.

Triangles are small and many, so that all of them are drawn at once: every one's box of grid points is laid out in one
long list, and where several cover a point the nearest, drawn last, stays.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Drawn:
    """Attributes:
    shape: (H, W) of the grid.
    triangle: (H, W) int64, which triangle is seen, -1 for none.
    weights: (H, W, 3) float32, barycentric, of its corners.
    """

    triangle: np.ndarray
    weights: np.ndarray

    @property
    def covered(self) -> np.ndarray:
        """(H, W) bool."""
        seen: np.ndarray = self.triangle >= 0
        return seen

    def interpolate(self, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Vertices' values (V, C) -> (H, W, C) float32; 0 where nothing is drawn."""
        result = np.zeros((*self.triangle.shape, values.shape[1]), np.float32)
        covered = self.covered
        corners = values[triangles[self.triangle[covered]]]  # (P, 3, C)
        result[covered] = np.einsum("pk,pkc->pc", self.weights[covered], corners)
        return result


def draw(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> Drawn:
    """Draw a mesh; triangles that turn their back are left out.

    Args:
        points: (V, 2) in grid units, x and y, y down; a grid point (row, column) lies at (column, row).
        depth: (V,), larger is nearer.
        triangles: (T, 3), clockwise on the grid as y points down where they face the viewer.
        shape: (H, W) of the grid.
    """
    height, width = shape
    corners = points[triangles]  # (T, 3, 2)
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    area = _cross(second - first, third - first)  # (T,)
    low = np.maximum(np.ceil(corners.min(axis=1)).astype(int), 0)
    high = np.minimum(np.floor(corners.max(axis=1)).astype(int), (width - 1, height - 1))
    size = np.maximum(high - low + 1, 0)
    shown = np.flatnonzero((area < -1e-9) & (size.prod(axis=1) > 0))
    shown = shown[np.argsort(depth[triangles[shown]].mean(axis=1), kind="stable")]
    counts = size[shown].prod(axis=1)
    which = np.repeat(shown, counts)  # (N,)
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    column = low[which, 0] + place % size[which, 0]
    row = low[which, 1] + place // size[which, 0]
    at = np.column_stack([column, row]).astype(np.float64)
    share = [
        _cross(second[which] - at, third[which] - at) / area[which],
        _cross(third[which] - at, first[which] - at) / area[which],
    ]
    weights = np.column_stack([*share, 1 - share[0] - share[1]])  # (N, 3)
    inside = (weights >= -1e-7).all(axis=1)
    seen = np.full(shape, -1)
    weight = np.zeros((*shape, 3), np.float32)
    seen[row[inside], column[inside]] = which[inside]
    weight[row[inside], column[inside]] = weights[inside]
    return Drawn(seen, weight)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cross: np.ndarray = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return cross
