"""Where every point of a frame comes from in the picture, once the head has moved.

Skin and what lies near it move together. As a head turns, two layers part at its outline: the head, whose newly seen
side is stretched from what was seen of it, and what is around it, which goes where the outline goes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.canvas import Canvas
from stages.picture.outline import outline_field
from stages.picture.raster import Drawn, draw
from stages.picture.warp import fill, unfolded

TURNED = 1e-3  # radians from which a head's outline is another line on it than at rest
WHOLLY = np.radians(10.0)  # a turn from which on nothing but the head itself is shown on the head
OUTLINE = 1.2  # cells over which a head's outline is smoothed
RIM = 2  # cells at the border of the head at rest, where the wall may show through
EVEN = 1.0  # cells over which it is smooth how well the head is seen


@dataclass(frozen=True, eq=False)
class Fields:
    """Of one frame, on the canvas's grid.

    Attributes:
        head: (H, W, 2) float32, pixels of the picture to go back.
        around: the same for what a turned head covers; None where the head has not turned.
        covered: (H, W) float32, 1 on the turned head and 0 beside it, soft between; None as `around`.
    """

    head: np.ndarray
    around: np.ndarray | None = None
    covered: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class OwnPixels:
    """Where the picture at rest shows the head, so that nothing else is ever shown on a turned one.

    Attributes:
        share: (H, W) float32, how surely each cell does.
        nearest: (H, W, 2) float32 cells, from each cell on to the nearest that does.
    """

    share: np.ndarray
    nearest: np.ndarray


def own_pixels(canvas: Canvas, matte: np.ndarray) -> OwnPixels:
    """What shows the head by its shape and by a matte, (H, W) float32 in [0, 1]; its border is left out."""
    share = (matte * canvas.drawn.whole).astype(np.float32)
    inside = cv2.erode((share > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=RIM)
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return OwnPixels(share, np.zeros((*canvas.cells, 2), np.float32))
    _, label = cv2.distanceTransformWithLabels(1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros((label.max() + 1, 2), np.float32)
    places[label[rows, columns]] = np.column_stack([columns, rows])
    return OwnPixels(share, np.asarray(places[label] - canvas.places, np.float32))


def fields_of(canvas: Canvas, own: OwnPixels, moved: np.ndarray, turn: float) -> Fields:
    """The fields of a head whose vertices (V, 3) have moved, and that has turned by so many radians."""
    drawn, back, seen, facing = _moved(canvas, moved)
    if turn < TURNED:
        return Fields(_in_pixels(canvas, fill(back, seen)))
    whole = drawn.whole
    beside = outline_field(canvas.drawn.whole, whole)
    off = 1 - cv2.dilate(whole.astype(np.uint8), np.ones((3, 3), np.uint8))  # (H, W) beyond the outline
    trust = cv2.GaussianBlur(facing, (0, 0), EVEN) * seen
    head = fill(np.where(off[..., None] > 0, beside, back), np.maximum(off, trust).astype(np.float32))
    at = canvas.places + head
    trust = trust * cv2.remap(own.share, at, np.empty(0), cv2.INTER_LINEAR)
    share = cv2.GaussianBlur((drawn.covered * (1 - trust)).astype(np.float32), (0, 0), EVEN) * min(turn / WHOLLY, 1.0)
    further = cv2.remap(own.nearest, at, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    head = head + further * share[..., None]
    # A blurred mask has its contour between the cells, where the drawn one has steps.
    covered = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), OUTLINE)
    return Fields(_in_pixels(canvas, head), _in_pixels(canvas, beside), covered)


def _moved(canvas: Canvas, moved: np.ndarray) -> tuple[Drawn, np.ndarray, np.ndarray, np.ndarray]:
    """The moved head drawn; on it (H, W, 2) cells to go back, (H, W) 1 where it was seen at rest, and how well."""
    figure = canvas.figure
    drawn = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], figure.head.triangles, canvas.cells)
    back = (figure.rest[:, :2] - moved[:, :2]) / canvas.step
    values = drawn.interpolate(figure.head.triangles, np.column_stack([back, canvas.shown_at_rest, canvas.facing]))
    seen = drawn.covered & (values[..., 2] > 0.5)
    return drawn, np.ascontiguousarray(values[..., :2]), seen.astype(np.float32), values[..., 3] * seen


def _in_pixels(canvas: Canvas, field: np.ndarray) -> np.ndarray:
    """A field in cells, without folds and within the canvas's window: (H, W, 2) float32 pixels."""
    return np.asarray(unfolded(field * canvas.window[..., None]) * canvas.step.astype(np.float32), np.float32)
