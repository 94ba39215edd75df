"""Hair on the side of a head that a turn brings into view: the picture's own hair, spread evenly.

A picture shows next to nothing of the side of a head, and the generator's frame shows hair without strands there, or a
bare ear where the picture's hair hangs in front of it. But hair reaches beyond the skull. All of it, from where the
picture still shows the head well to where the hair ends, is treated as one surface and stretched as one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.hair.own_hair import Hair
from stages.picture.head.canvas import Canvas
from stages.picture.warping.raster import Drawn, facing_of
from stages.picture.warping.warp import at_places, fill

# Cosines between the way out of the outline and the head's own way: of the side that comes into view.
NOT_YET, WHOLLY = 0.0, -0.3
ENOUGH, TOO_FEW = 1.5, 2.2  # how many times as large as at rest hair is seen that moves as the skull, and that does not
ASIDE = 0.05  # a cosine that is added to both, so that skin at the outline has some
SOFT, EAR_SOFT, LEAST = 1.5, 1.0, 0.1  # cells; cells; share


@dataclass(frozen=True, eq=False)
class Spread:
    """Hair of one frame.

    Attributes:
        field: (H, W, 2) float32 cells to go back.
        share: (H, W) float32, 1 where that is what is shown.
    """

    field: np.ndarray
    share: np.ndarray


def spread_hair(
    canvas: Canvas, hair: Hair, moved: np.ndarray, drawn: Drawn, head: np.ndarray, beside: np.ndarray
) -> Spread:
    """Hair on the side that comes into view, as one surface.

    Args:
        canvas: of the head at rest.
        hair: of the picture.
        moved: (V, 3), the vertices. drawn: the moved head.
        head, beside: (H, W, 2) cells to go back, on the moved head and beside it, each continued over the other.
    """
    figure = canvas.figure
    way = (moved - figure.rest)[figure.head.landmarks, :2].mean(axis=0) / canvas.step
    way = way / max(float(np.linalg.norm(way)), 1e-6)
    cosine = at_places(canvas.outwards, canvas.places + beside) @ way
    trailing = np.clip((cosine - NOT_YET) / (WHOLLY - NOT_YET), 0, 1)
    values = np.column_stack([_stretched(canvas, moved), hair.grown, hair.ears])
    stretched, grown, bare = cv2.split(drawn.interpolate(figure.head.triangles, values))
    few = np.clip((stretched - ENOUGH) / (TOO_FEW - ENOUGH), 0, 1)
    loose = np.where(drawn.covered, few, 1.0) * trailing
    hairy = np.maximum(grown, at_places(hair.share, canvas.places + beside)).astype(np.float32)
    bare = 1 - cv2.GaussianBlur(bare, (0, 0), EAR_SOFT)
    share = bare * cv2.GaussianBlur((loose * hairy).astype(np.float32), (0, 0), SOFT)
    both = np.where(drawn.covered[..., None], head, beside).astype(np.float32)
    field = fill(both, (share < LEAST).astype(np.float32))
    return Spread(field, np.clip(2 * (share - LEAST), 0, 1).astype(np.float32))


def _stretched(canvas: Canvas, moved: np.ndarray) -> np.ndarray:
    """(V,) how many times as large as at rest each vertex's surroundings are seen."""
    cosines: np.ndarray = np.maximum(facing_of(moved, canvas.figure.head.triangles), 0)
    return (cosines + ASIDE) / (canvas.towards + ASIDE)
