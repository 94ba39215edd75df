"""How a picture's own light falls on a head that has turned.

How bright skin is depends on where it faces. For a matt surface nine numbers a colour describe it (Ramamoorthi and
Hanrahan, SIGGRAPH 2001). They are fitted to the face at rest, and evaluated for where the skin faces after the turn.
"""

from collections.abc import Sequence

import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.warping.raster import normals_of

SEEN, SKIN = 0.3, 0.9  # cosine, and distance from lids and lips, from which on a cell tells of the light
ROUNDS, UNLIKE = 6, 15.0  # of fitting again, and levels by which brows and shadows may differ before they count less
# How much a light from one side, and one that falls off beyond that, is held to none.
HELD = np.array([0.0, *[0.02] * 3, *[0.1] * 5])
DARKEST, LEAST, MOST = 5.0, 0.5, 2.0  # levels; shares by which light may change
EVERY_OTHER = 2


def relit(canvas: Canvas, picture: np.ndarray, face: np.ndarray, moved: Sequence[np.ndarray]) -> np.ndarray:
    """What the light changes on heads that have moved.

    Args:
        canvas: of the head at rest.
        picture: (H, W, 3) float32, on its grid, in [0, 255].
        face: (H, W) bool, the cells of the face; skin, most of it.
        moved: K times (V, 3), the vertices.

    Returns:
        (K, H, W, 3) float32 changes of the colours of each cell at rest; 0 beside the head.
    """
    figure, triangles = canvas.figure, canvas.figure.head.triangles
    drawn = canvas.drawn

    def facing(vertices: np.ndarray) -> np.ndarray:
        return _harmonics(drawn.interpolate(triangles, normals_of(vertices, triangles)))  # (H, W, 9)

    rest = facing(figure.rest)
    known = drawn.interpolate(triangles, np.column_stack([canvas.towards, figure.head.closed]))
    seen = face & (known[..., 0] > SEEN) & (known[..., 1] > SKIN)
    seen &= np.indices(canvas.cells).sum(axis=0) % EVERY_OTHER == 0
    if np.count_nonzero(seen) < rest.shape[-1]:
        return np.zeros((len(moved), *picture.shape), np.float32)
    light = _fitted(rest[seen], picture[seen])
    before = np.maximum(rest @ light, DARKEST)
    shares = [np.clip(np.maximum(facing(vertices) @ light, DARKEST) / before, LEAST, MOST) for vertices in moved]
    covered = drawn.covered[..., None]
    return np.stack([np.asarray(picture * (share - 1) * covered, np.float32) for share in shares])


def _fitted(harmonics: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """(N, 9) and (N, 3) -> (9, 3): what is darker or lighter by itself counts less each time."""
    weights = np.ones((len(harmonics), 1))
    for _ in range(ROUNDS):
        weighed = harmonics * weights
        light = np.linalg.solve(weighed.T @ harmonics + len(harmonics) * np.diag(HELD), weighed.T @ colours)
        away = np.abs(colours - harmonics @ light).mean(axis=1, keepdims=True)
        weights = 1 / (1 + np.square(away / UNLIKE))
    return light


def _harmonics(normals: np.ndarray) -> np.ndarray:
    """(..., 3) unit vectors -> (..., 9): a constant, the vectors, and their products."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=-1)
