"""Drawing triangles into arrays: which triangle each point of a grid sees, and where in it.

Triangles are small and many, so that all of them are drawn at once: every one's box of grid points is laid out in one
long list, and where several cover a point the nearest, drawn last, stays.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import binary_fill_holes

ROUNDING = 1e-4  # of a weight: a point on an edge belongs to both sides


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

    @cached_property
    def whole(self) -> np.ndarray:
        """(H, W) bool, what is drawn and the openings within it."""
        return np.asarray(binary_fill_holes(self.covered), bool)

    def interpolate(self, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Vertices' values (V, C) -> (H, W, C) float32; 0 where nothing is drawn."""
        height, width = self.triangle.shape
        places, weights = self._places
        seen = triangles[self.triangle.ravel()[places]]  # (N, 3)
        values = values.astype(np.float32)
        result = np.zeros((height * width, values.shape[1]), np.float32)
        # One corner after the other: all three at once would be copied to be added up.
        mean = values[seen[:, 0]] * weights[:, :1]  # (N, C)
        mean += values[seen[:, 1]] * weights[:, 1:2]
        mean += values[seen[:, 2]] * weights[:, 2:]
        result[places] = mean
        return result.reshape(height, width, -1)

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) the grid's points that show a triangle, counted row by row; (N, 3) their weights."""
        places = np.flatnonzero(self.triangle >= 0)
        return places, self.weights.reshape(-1, 3)[places]


def draw(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> Drawn:
    """Draw a mesh; triangles that turn their back are left out.

    Args:
        points: (V, 2) in grid units, x and y, y down; a grid point (row, column) lies at (column, row).
        depth: (V,), larger is nearer.
        triangles: (T, 3), clockwise on the grid as y points down where they face the viewer.
        shape: (H, W) of the grid.
    """
    height, width = shape
    points = points.astype(np.float32)
    corners = points[triangles]  # (T, 3, 2)
    low = np.maximum(np.ceil(corners.min(axis=1)), 0).astype(np.int32)
    high = np.minimum(np.floor(corners.max(axis=1)), (width - 1, height - 1)).astype(np.int32)
    size = high - low + 1
    area = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # (T,)
    shown = np.flatnonzero((area < -1e-6) & (size[:, 0] > 0) & (size[:, 1] > 0))
    shown = shown[np.argsort(depth[triangles[shown]].mean(axis=1), kind="stable")]
    counts = size[shown, 0] * size[shown, 1]

    def spread(values: np.ndarray) -> np.ndarray:
        """A value of each triangle -> of each of its N grid points."""
        return np.repeat(values, counts)

    starts = (np.cumsum(counts) - counts).astype(np.int32)
    place = np.arange(counts.sum(), dtype=np.int32) - spread(starts)  # (N,) within the triangle's box
    row, column = np.divmod(place, spread(size[shown, 0]))
    row += spread(low[shown, 1])
    column += spread(low[shown, 0])
    # Barycentric weights are affine in the place: two slopes and a constant for each triangle.
    first, second, third = corners[shown, 0], corners[shown, 1], corners[shown, 2]
    turn = 1 / area[shown]
    one = spread((second[:, 1] - third[:, 1]) * turn) * column
    one += spread((third[:, 0] - second[:, 0]) * turn) * row
    one += spread(_cross(second, third) * turn)
    two = spread((third[:, 1] - first[:, 1]) * turn) * column
    two += spread((first[:, 0] - third[:, 0]) * turn) * row
    two += spread(_cross(third, first) * turn)
    three = 1 - one - two
    inside = np.flatnonzero(np.minimum(np.minimum(one, two), three) >= -ROUNDING)
    seen = np.full(height * width, -1)
    weight = np.zeros((height * width, 3), np.float32)
    at = row[inside] * width + column[inside]
    seen[at] = spread(shown)[inside]
    weight[at] = np.column_stack([one[inside], two[inside], three[inside]])
    return Drawn(seen.reshape(shape), weight.reshape(*shape, 3))


def facing_of(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) vertices, x, y down, and depth alike in unit -> (V,) cosines: 1 faces the viewer, below 0 turns away."""
    corners = vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # (T, 3), as long as twice its area
    normals = np.zeros_like(vertices)
    np.add.at(normals, triangles.ravel(), np.repeat(across, 3, axis=0))
    cosines: np.ndarray = -normals[:, 2] / (np.linalg.norm(normals, axis=1) + 1e-9)
    return cosines


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cross: np.ndarray = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return cross
