"""Where every point of a frame comes from in the picture, once the head has moved.

Skin and what lies near it move together. As a head turns, the picture is split into two layers at the head's outline:
the head, whose side comes into view where the picture shows too little of it, and what is around it
(`stages.picture.around`).
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stages.picture.around import around_field
from stages.picture.body.collar import collar_share
from stages.picture.hair.hanging_hair import curtains_of, hanging_field
from stages.picture.hair.own_hair import Hair, hair_of
from stages.picture.hair.spread_hair import spread_hair
from stages.picture.head.canvas import Canvas
from stages.picture.head.jaw import below_jaw
from stages.picture.warping.raster import Drawn, draw, facing_of
from stages.picture.warping.warp import at_places, fill, unfolded

TURNED = 1e-3  # radians from which a head's outline is another line on it than at rest
WHOLLY = np.radians(10.0)  # a turn from which on nothing but the head itself is shown on the head
SLIGHT = np.radians(3.0)  # a turn from which on all that comes into view is shown
OUTLINE = 1.2  # cells over which a head's outline is smoothed
RIM = 2  # cells at the border of the head at rest, where the background may show through
EVEN = 1.0  # cells over which it is smooth how well the head is seen
# A cosine that is added to both, so that skin at the outline has some; from how many times the picture's pixels would
# have to be stretched they are too few, and from how many they are none.
ASIDE, TOO_FEW, NONE = 0.05, 1.3, 2.5
# Degrees by which a head looks aside at rest: up to the first its neck is seen on both sides; from the second on the
# neck on its far side is in no image, and how dark it is under the jaw nobody knows.
FRONTAL, ASIDE_AT_REST = 6.0, 14.0
NECK = 0.6  # of a head's turn: what takes part in no more of it, a collar may cover


@dataclass(frozen=True, eq=False)
class Fields:
    """Of one frame, on the canvas's grid.

    Attributes:
        head: (H, W, 2) float32, pixels of the picture to go back.
        around: the same for what a turned head covers; None where the head has not turned.
        covered: (H, W) float32, 1 on the turned head and 0 beside it, soft between; None as `around`.
        drawn: the turned head; None as `around`.
        unseen: (H, W) float32, 1 where the picture has nothing of what the turned head shows; None as `around`.
    """

    head: np.ndarray
    around: np.ndarray | None = None
    covered: np.ndarray | None = None
    drawn: Drawn | None = None
    unseen: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class OwnPixels:
    """Where the picture at rest shows the head, so that nothing else is ever shown on a turned one.

    All of it is worked out when it is first asked for: a head that does not turn needs none.

    Attributes:
        canvas: of the head.
        picture: (H, W, 3) float32.
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.
    """

    canvas: Canvas
    picture: np.ndarray
    matte: np.ndarray

    @cached_property
    def share(self) -> np.ndarray:
        """(H, W) float32, how surely each cell does, by the head's shape and by the matte."""
        return np.asarray(self.matte * self.canvas.drawn.whole, np.float32)

    @cached_property
    def nearest(self) -> np.ndarray:
        """(H, W, 2) float32 cells, from each cell on to the nearest that does and is no border."""
        inside = cv2.erode((self.share > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=RIM)
        rows, columns = np.nonzero(inside)
        if not len(rows):
            return np.zeros((*self.canvas.cells, 2), np.float32)
        _, label = cv2.distanceTransformWithLabels(1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        places = np.zeros((label.max() + 1, 2), np.float32)
        places[label[rows, columns]] = np.column_stack([columns, rows])
        return np.asarray(places[label] - self.canvas.places, np.float32)

    @cached_property
    def collar(self) -> np.ndarray:
        """(H, W) float32, how surely each cell shows what covers the neck."""
        return collar_share(self.canvas, self.picture)

    @cached_property
    def hair(self) -> Hair:
        """Of the picture."""
        return hair_of(self.canvas, self.picture, self.matte)

    @cached_property
    def curtains(self) -> np.ndarray:
        """(H, W) float32, how surely each cell shows hair that hangs beside the face."""
        return curtains_of(self.canvas, self.hair, self.matte)


def fields_of(canvas: Canvas, own: OwnPixels, moved: np.ndarray, turn: float) -> Fields:
    """The fields of a head whose vertices (V, 3) have moved, and that has turned by so many radians."""
    if turn < TURNED:
        return Fields(_in_pixels(canvas, fill(*_unturned(canvas, moved))))
    now = _moved(canvas, moved)
    whole = now.drawn.whole
    beside = hanging_field(canvas, own.curtains, now.drawn, around_field(canvas, moved, now.drawn))
    off = 1 - cv2.dilate(whole.astype(np.uint8), np.ones((3, 3), np.uint8))  # (H, W) beyond the outline
    head = fill(np.where(off[..., None] > 0, beside, now.back), np.maximum(off, now.trust).astype(np.float32))
    at = canvas.places + head
    owned = cv2.remap(own.share, at, np.empty(0), cv2.INTER_LINEAR)
    ramp = min(turn / WHOLLY, 1.0)
    share = _levelled(now.drawn.covered * (1 - now.trust * owned)) * ramp
    further = at_places(own.nearest, at)
    collar = at_places(own.collar, at)
    head = head + further * share[..., None]
    hair = spread_hair(canvas, own.hair, moved, now.drawn, head, beside)
    head = head + hair.share[..., None] * (hair.field - head)
    beside = beside + hair.share[..., None] * (hair.field - beside)
    # A blurred mask has its contour between the cells, where the drawn one has steps.
    covered = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), OUTLINE)
    # A head that hardly turns shows nothing new: what is stretched there is skin, as below a chin that drops.
    few = np.clip((now.stretched - TOO_FEW) / (NONE - TOO_FEW), 0, 1) * min(turn / SLIGHT, 1.0)
    # The generator's ear would show through hair that hangs over the image's.
    hidden = np.minimum(now.drawn.interpolate(canvas.figure.head.triangles, own.hair.over_ears[:, None])[..., 0], 1)
    unseen = np.maximum(few, (1 - owned) * ramp) * now.skull * (1 - hair.share) * (1 - collar) * (1 - hidden)
    return Fields(_in_pixels(canvas, head), _in_pixels(canvas, beside), covered, now.drawn, _levelled(unseen))


def _levelled(share: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(share.astype(np.float32), (0, 0), EVEN)


@dataclass(frozen=True, eq=False)
class _Moved:
    """The moved head, cell by cell; 0 beside it.

    Attributes:
        drawn: its triangles.
        back: (H, W, 2) float32 cells to go back. seen: (H, W) 1 where the picture shows what is there.
        trust: (H, W) how well it does. stretched: (H, W) how many times as large it is seen as at rest.
        skull: (H, W) 1 on skin that turns with the head; 0 on the trunk, where a collar may cover it, on lids and lips,
            and on the neck of a head that looks aside.
    """

    drawn: Drawn
    back: np.ndarray
    seen: np.ndarray
    trust: np.ndarray
    stretched: np.ndarray
    skull: np.ndarray


def _unturned(canvas: Canvas, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`back` and `seen` of a head that has moved without turning, which need nothing else."""
    figure = canvas.figure
    drawn = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], figure.head.triangles, canvas.cells)
    back = (figure.rest[:, :2] - moved[:, :2]) / canvas.step
    values = drawn.interpolate(figure.head.triangles, np.column_stack([back, canvas.shown_at_rest]))
    across, down, shown = cv2.split(values)
    return cv2.merge([across, down]), (drawn.covered & (shown > 0.5)).astype(np.float32)


def _moved(canvas: Canvas, moved: np.ndarray) -> _Moved:
    figure = canvas.figure
    drawn = draw(canvas.on_grid(moved[:, :2]), moved[:, 2], figure.head.triangles, canvas.cells)
    back = (figure.rest[:, :2] - moved[:, :2]) / canvas.step
    stretched = (np.maximum(facing_of(moved, figure.head.triangles), 0) + ASIDE) / (canvas.towards + ASIDE)
    skull = np.clip((figure.head.turning - NECK) / (1 - NECK), 0, 1) * figure.head.closed
    skull *= 1 - below_jaw(figure.head) * np.clip((figure.aside - FRONTAL) / (ASIDE_AT_REST - FRONTAL), 0, 1)
    values = drawn.interpolate(
        figure.head.triangles, np.column_stack([back, canvas.shown_at_rest, canvas.facing, stretched, skull])
    )
    across, down, shown, facing, stretched, skull = cv2.split(values)
    seen = (drawn.covered & (shown > 0.5)).astype(np.float32)
    trust = cv2.GaussianBlur(facing * seen, (0, 0), EVEN) * seen
    return _Moved(drawn, cv2.merge([across, down]), seen, trust, stretched, skull)


def _in_pixels(canvas: Canvas, field: np.ndarray) -> np.ndarray:
    """A field in cells, without folds and within the canvas's window: (H, W, 2) float32 pixels."""
    return np.asarray(unfolded(field * canvas.windows) * canvas.steps, np.float32)
