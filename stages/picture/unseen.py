"""What comes into view as a head turns: the generator shows it, in the picture's tones.

A picture of a face from the front has next to no pixels of the ear and the cheek's side, and what little it has would
be stretched over them. The generator's frame of the farthest turn has them; its skin takes the tone of the picture's
skin nearby, its hair that of the picture's hair.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.appearance import BORDER
from stages.picture.fields import OwnPixels
from stages.picture.head.canvas import Canvas
from stages.picture.head.crown import crown_row
from stages.picture.head.head_alone import head_alone
from stages.picture.tones.likeness import Likeness, sampled
from stages.picture.tones.skin_and_hair import SkinAndHair, scale_of, skin_and_hair_of
from stages.picture.warping.raster import Drawn, draw
from stages.picture.warping.warp import at_places, fill

NEAR, LIKE = 14.0, 8.0  # one step of unlikeness: cells away on the head at rest; levels of L*a*b* apart
SEEN = 0.1  # cosine from which on a cell at rest tells something
SURELY_HEAD = 0.6  # of a cell that belongs to the head in the picture
EVERY_OTHER = 2
RIM = 8.0  # cells: skin is looked for so far within the head's outline, hair so near to it
FADES = 10.0  # cells above the bridge of the nose from which on what is dark is hair, and no shadow under an ear
BROWS, NOSE = slice(17, 27), 29  # of the landmarks


@dataclass(frozen=True, eq=False)
class View:
    """The head as it is seen from one side.

    Attributes:
        turn: (2,) the gesture's yaw and pitch, radians.
        vertices: (V, 2) cells.
        colours: (H, W, 3) float32 on the picture's grid, in [0, 255].
    """

    turn: np.ndarray
    vertices: np.ndarray
    colours: np.ndarray

    def on(self, canvas: Canvas, drawn: Drawn) -> np.ndarray:
        """Its colours on the head as it is drawn in some frame: (H, W, 3) float32."""
        at = drawn.interpolate(canvas.figure.head.triangles, self.vertices)
        return at_places(self.colours, at)


def views_of(likeness: Likeness, own: OwnPixels, matte: np.ndarray) -> tuple[View, ...]:
    """The head at the farthest turn of a path and, where there is one, at the farthest the other way.

    Args:
        likeness: of the picture and the generator's frames.
        own: where the picture shows the head's shape.
        matte: (H, W) float32, where it shows the head with its hair.

    Returns:
        Nothing for a path that turns no head.
    """
    gestures = likeness.gestures
    turns = np.array([(gesture.yaw, gesture.pitch) for gesture in map(gestures.at, gestures.course.keys)])  # (K, 2)
    farthest = int(np.linalg.norm(turns, axis=1).argmax())
    along = turns @ turns[farthest]
    if along.max() <= 0:
        return ()
    tones = _tones(likeness, own, matte)
    keys = [farthest, int(along.argmin())] if along.min() < 0 else [farthest]
    return tuple(_view(likeness, tones, key, turns[key]) for key in keys)


def view_towards(views: tuple[View, ...], turn: np.ndarray) -> View:
    """Of `views`, at least one, that which a turn (2,) leads to."""
    return max(views, key=lambda view: float(view.turn @ turn))


def may_be_hair(canvas: Canvas, rows: np.ndarray) -> np.ndarray:
    """Rows of the head at rest -> 1 where hair grows, 0 from the middle of the ears down."""
    nose = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[NOSE], :2])[1]
    return np.clip((nose - rows) / FADES, 0, 1)


def _tones(likeness: Likeness, own: OwnPixels, matte: np.ndarray) -> SkinAndHair:
    canvas, picture = likeness.canvas, likeness.small_picture
    at = likeness.places[likeness.rest]
    still, within = likeness.shown(likeness.rest, at), _within(likeness, at)
    facing = canvas.drawn.interpolate(canvas.figure.head.triangles, canvas.cosines[:, None])[..., 0]
    seen = (facing > SEEN) & (own.share > SURELY_HEAD) & within
    brows = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[BROWS], :2])[:, 1].mean()
    rows = canvas.places[..., 1]
    face = seen & (rows > brows) & (canvas.outline < -RIM)
    top = (rows < crown_row(canvas)) & (np.abs(canvas.outline) < RIM)
    scales = scale_of(still, face, top & within), scale_of(picture, face, top & (matte > SURELY_HEAD))
    thinned = seen & (np.indices(canvas.cells).sum(axis=0) % EVERY_OTHER == 0)
    return skin_and_hair_of(still, picture, scales, thinned, _features(canvas.places, still), may_be_hair(canvas, rows))


def _view(likeness: Likeness, tones: SkinAndHair, key: int, turn: np.ndarray) -> View:
    canvas, triangles = likeness.canvas, likeness.canvas.figure.head.triangles
    moved = likeness.moved[key]
    vertices = canvas.on_grid(moved[:, :2])
    drawn = draw(vertices, moved[:, 2], triangles, canvas.cells)
    at = drawn.interpolate(triangles, likeness.vertices[key])
    frame = likeness.frames[key].astype(np.float32)
    head = draw(likeness.vertices[key] - 0.5, moved[:, 2], triangles, frame.shape[:2])
    brows = likeness.vertices[key][canvas.figure.head.landmarks[BROWS], 1].mean()
    shown = sampled(head_alone(frame, head, brows), at)
    rest = drawn.interpolate(triangles, canvas.on_grid(canvas.figure.rest[:, :2]))  # (H, W, 2) where each cell was
    there = drawn.covered & _within(likeness, at)
    colours = np.zeros_like(shown)
    grows = may_be_hair(canvas, rest[..., 1])[there]  # (N,)
    colours[there] = np.clip(tones.own(shown[there], _features(rest, shown)[there.ravel()], grows), 0, 255)
    unexposed = fill(colours / np.float32(likeness.exposure), there.astype(np.float32))
    return View(turn, vertices, likeness.palette.tinted(unexposed))


def _within(likeness: Likeness, at: np.ndarray) -> np.ndarray:
    """(H, W) bool: which places (H, W, 2) lie well inside the generator's frames."""
    side = likeness.frames.shape[1]
    within: np.ndarray = ((at > BORDER * side) & (at < (1 - BORDER) * side)).all(axis=2)
    return within


def _features(places: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(H, W, 2) cells and the generator's colours there -> (H * W, 5) in steps of unlikeness."""
    levelled = cv2.GaussianBlur(np.clip(image, 0, 255).astype(np.float32) / 255, (0, 0), 1.0)
    lab = cv2.cvtColor(levelled, cv2.COLOR_RGB2LAB)
    return np.concatenate([places / NEAR, lab / LIKE], axis=2).reshape(-1, 5)
