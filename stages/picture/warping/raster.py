"""Drawing triangles into arrays: which triangle each point of a grid sees, and where in it.

Triangles are small and many, so that all of them are drawn at once: the runs of grid points that each covers in a row
are laid out in one long list, and where several cover a point the nearest, drawn last, stays.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import binary_fill_holes

ROUNDING = 1e-4  # of a weight: a point on an edge belongs to both sides
LEVEL = 1e-9  # of a weight for each column: an edge along a row, which bounds no column


@dataclass(frozen=True, eq=False)
class Drawn:
    """Attributes:
    triangle: (H, W) int64, which triangle is seen, -1 for none.
    places: (N,) the grid's points that show one, counted row by row.
    weights: (3, N) float32, barycentric, of its corners.
    """

    triangle: np.ndarray
    places: np.ndarray
    weights: np.ndarray

    @cached_property
    def covered(self) -> np.ndarray:
        """(H, W) bool."""
        seen: np.ndarray = self.triangle >= 0
        return seen

    @cached_property
    def whole(self) -> np.ndarray:
        """(H, W) bool, what is drawn and the openings within it."""
        return np.asarray(binary_fill_holes(self.covered), bool)

    def interpolate(self, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Vertices' values (V, C) -> (H, W, C) float32; 0 where nothing is drawn."""
        height, width = self.triangle.shape
        seen = triangles.take(self.triangle.ravel().take(self.places), axis=0)  # (N, 3)
        values = values.astype(np.float32)
        result = np.zeros((height * width, values.shape[1]), np.float32)
        # One corner after the other: all three at once would be copied to be added up.
        mean = values.take(seen[:, 0], axis=0) * self.weights[0, :, None]  # (N, C)
        for corner in (1, 2):
            part = values.take(seen[:, corner], axis=0)
            part *= self.weights[corner, :, None]
            mean += part
        result[self.places] = mean
        return result.reshape(height, width, -1)


def draw(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> Drawn:
    """Draw a mesh; triangles that turn their back are left out.

    Args:
        points: (V, 2) in grid units, x and y, y down; a grid point (row, column) lies at (column, row).
        depth: (V,), larger is nearer.
        triangles: (T, 3), clockwise on the grid as y points down where they face the viewer.
        shape: (H, W) of the grid.
    """
    height, width = shape
    x, y = (points[:, axis].astype(np.float32).take(triangles.T) for axis in range(2))  # (3, T)
    area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])  # (T,)
    top, bottom = np.maximum(np.ceil(_least(y)), 0), np.minimum(np.floor(_most(y)), height - 1)
    left, right = np.maximum(np.ceil(_least(x)), 0), np.minimum(np.floor(_most(x)), width - 1)
    shown = np.flatnonzero((area < -1e-6) & (bottom >= top) & (right >= left))
    deep = depth.take(triangles.T.take(shown, axis=1))  # (3, n)
    shown = shown[np.argsort(deep.mean(axis=0), kind="stable")]
    # Barycentric weights are affine in the place: two slopes and a constant for each triangle.
    x, y, turn = x[:, shown], y[:, shown], 1 / area[shown]
    across, down, level = (np.empty_like(x) for _ in range(3))
    for corner in range(3):
        second, third = (corner + 1) % 3, (corner + 2) % 3
        across[corner] = (y[second] - y[third]) * turn
        down[corner] = (x[third] - x[second]) * turn
        level[corner] = (x[second] * y[third] - y[second] * x[third]) * turn
    # In each of a triangle's rows, every edge leaves the columns on one side of it.
    top, bottom, left, right = (bound[shown].astype(np.int32) for bound in (top, bottom, left, right))
    rows = bottom - top + 1
    of = np.repeat(np.arange(len(shown), dtype=np.int32), rows)  # (R,) the triangle of each row
    row = np.arange(len(of), dtype=np.int32) - (np.cumsum(rows, dtype=np.int32) - rows - top).take(of)
    begin, end = left.take(of).astype(np.float32), right.take(of).astype(np.float32)
    steep = np.where(np.abs(across) < LEVEL, np.float32(LEVEL), across)
    lean, start = -down / steep, -(level + ROUNDING) / steep  # (3, n): of where each edge crosses a row
    for corner in range(3):
        crossing = lean[corner].take(of) * row + start[corner].take(of)  # (R,)
        from_here = (steep[corner] > 0).take(of)
        begin = np.maximum(begin, np.where(from_here, crossing, -np.inf))
        end = np.minimum(end, np.where(from_here, np.inf, crossing))
    # A nearly level edge crosses its row far outside, where whole numbers end.
    first = np.ceil(np.minimum(begin, width)).astype(np.int32)
    counts = np.maximum(np.floor(np.maximum(end, -1)).astype(np.int32) - first + 1, 0)
    ends = np.cumsum(counts, dtype=np.int32)
    offset = first - (ends - counts)  # from a point's number in the list to its column
    run = np.repeat(np.arange(len(of), dtype=np.int32), counts)  # (M,) the row of a triangle that each point is in
    numbers = np.arange(len(run), dtype=np.int32)
    last = np.full(height * width, -1, np.int32)
    last[(offset + row * width).take(run) + numbers] = numbers
    places = np.flatnonzero(last >= 0)
    run, numbers = run.take(last.take(places)), last.take(places)
    column, row, of = (offset.take(run) + numbers).astype(np.float32), row.take(run), of.take(run)
    weights = np.empty((3, len(places)), np.float32)
    for corner in range(2):
        weights[corner] = across[corner].take(of) * column
        weights[corner] += down[corner].take(of) * row
        weights[corner] += level[corner].take(of)
    weights[2] = 1 - weights[0] - weights[1]
    seen = np.full(height * width, -1)
    seen[places] = shown.take(of)
    return Drawn(seen.reshape(shape), places, weights)


def facing_of(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) vertices, x, y down, and depth alike in unit -> (V,) cosines: 1 faces the viewer, below 0 turns away."""
    cosines: np.ndarray = normals_of(vertices, triangles)[:, 2]
    return cosines


def normals_of(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) vertices as `facing_of` has them -> (V, 3) unit vectors straight out of the skin."""
    first, second, third = (vertices.take(corner, axis=0) for corner in triangles.T)  # (T, 3)
    across = np.cross(third - first, second - first)  # (T, 3), as long as twice its area
    sums = [np.bincount(triangles.ravel(), np.repeat(part, 3), len(vertices)) for part in across.T]
    normals = np.stack(sums, axis=1)  # (V, 3)
    return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9))


def _least(values: np.ndarray) -> np.ndarray:
    """Of three in a column."""
    least: np.ndarray = np.minimum(np.minimum(values[0], values[1]), values[2])
    return least


def _most(values: np.ndarray) -> np.ndarray:
    """Of three in a column."""
    most: np.ndarray = np.maximum(np.maximum(values[0], values[1]), values[2])
    return most
