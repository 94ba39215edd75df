"""What changes in a face without moving: shade, folds, greying hair, lids that come down over an eye.

It is what the generator's frame has beyond its own rest frame, carried along. Laid on the picture at rest, it moves
with the picture's pixels from then on.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stages.picture.along_edges import along_edges
from stages.picture.canvas import Canvas
from stages.picture.collar import collar_share
from stages.picture.counterparts import Tones, find_alike, find_counterparts
from stages.picture.crown import crown_row
from stages.picture.gesture import GestureCourse
from stages.picture.greying import (
    as_strands_carry,
    colour_lost,
    hair_recoloured,
    mixed_with_skin,
    no_further,
    shade_replaced,
    share_of_head,
    strands_of,
    within_sway,
)
from stages.picture.hair import CERTAIN, NONE, find_hair, hair_share, hair_window, likelier_hair
from stages.picture.hair_edges import sharpened_matte
from stages.picture.light import relit
from stages.picture.neck import shaded_neck
from stages.picture.palette import Palette, grey_of, neutral_of
from stages.picture.raster import facing_of
from stages.picture.trunk import trunk_share
from stages.picture.warp import fill

BROAD = 10.0  # cells: changes of tones over areas of more than this are not of single features
FACE_SOFT = 4  # cells over which a face ends
# Cosines: skin that is seen more askew than the first tells nothing, from the second on it tells all.
ASIDE, FACING = 0.15, 0.45
PALER = 10.0  # grey levels that hair may darken by as it greys; what darkens by more has come into the shade
TURNED = np.radians(12.0)  # a turn after which only skin that is seen in all frames is compared
SHADES = 4.0  # cells over which shades change as a head turns
# As a head turns, how much its shade changes as the image's own light says, and how much as the generator's frames do:
# on faces whose true shades are known either alone errs by a fifth more than both.
OWN_LIGHT, GENERATOR_LIGHT = 0.75, 0.45
# Shares of the generator's frame: what lies nearer its edge is not looked at; over the next it is believed ever more.
BORDER, BORDER_SOFT = 0.02, 0.03
SURELY_HEAD = 0.8  # of the matte
BRIGHT, USUAL, MOST_EXPOSURE = 90, 110.0, 8.0  # percentile of a head's grey levels; what it is at least; times


@dataclass(frozen=True, eq=False)
class Likeness:
    """The generator's face laid over the picture's, point by point.

    Attributes:
        canvas: of the picture.
        small_picture: (H, W, 3) float32, the picture on its grid, as bright as a picture usually is.
        frames: (K, S, S, 3) uint8, the generator's at the keys.
        gestures: read from them.
        rest: number of the key at rest.
        exposure: how much brighter `small_picture` is than the picture, 1 unless that is dark.
    """

    canvas: Canvas
    small_picture: np.ndarray
    frames: np.ndarray
    gestures: GestureCourse
    rest: int
    exposure: float = 1.0

    @cached_property
    def places(self) -> list[np.ndarray]:
        """Where in each key's frame each cell of the picture at rest is found: (H, W, 2) float32 pixels."""
        figure, grid = self.canvas.figure, self.canvas.drawn
        own = figure.fit.leant((figure.rest[:, :2] - figure.fit.offset) / figure.fit.scale, -1)
        known = grid.covered.astype(np.float32)
        found = []
        for fit, vertices in zip(self.gestures.fits, self.vertices, strict=True):
            # Beyond the head, where there are no vertices, faces differ by what they differ by at its border.
            values = grid.interpolate(figure.head.triangles, vertices - own * fit.scale)
            found.append(fill(values, known) + self._centimetres * np.float32(fit.scale))
        return found

    @cached_property
    def still(self) -> np.ndarray:
        """(H, W, 3) float32, the generator's frame at rest, cell by cell of the picture."""
        return self.shown(self.rest, self.places[self.rest])

    @cached_property
    def unexposed(self) -> np.ndarray:
        """(H, W, 3) float32, the picture on its grid as dark as it is."""
        return self.small_picture / np.float32(self.exposure)

    @cached_property
    def palette(self) -> Palette:
        """Of the picture as dark as it is."""
        return Palette(self.unexposed, self.canvas.window)

    @cached_property
    def neutral(self) -> np.ndarray:
        """(3,) what grey is under the picture's light, of mean 1."""
        return neutral_of(self.unexposed)

    @cached_property
    def moved(self) -> list[np.ndarray]:
        """(V, 3) the picture's vertices at each key."""
        return [self.canvas.figure.moved(self.gestures.at(place)) for place in self.gestures.course.keys]

    @cached_property
    def vertices(self) -> list[np.ndarray]:
        """(V, 2) of each key, in pixels of the generator's frames."""
        head = self.canvas.figure.head
        found = []
        for fit, landmarks in zip(self.gestures.fits, self.gestures.landmarks, strict=True):
            seen = fit.seen(head.shape(fit.identity, fit.expression))[:, :2]
            spread = head.influence[:, : len(head.landmarks)]
            found.append(seen + spread @ (landmarks - seen[head.landmarks]))
        return found

    @cached_property
    def _centimetres(self) -> np.ndarray:
        """(H, W, 2) float32: each cell of the picture, from where the head's origin is seen."""
        canvas, fit = self.canvas, self.canvas.figure.fit
        rows, columns = np.mgrid[: canvas.cells[0], : canvas.cells[1]]
        pixels = (np.stack([columns, rows], axis=-1) + 0.5) * canvas.step + (canvas.left, canvas.top)
        return np.asarray(fit.leant((pixels - fit.offset) / fit.scale, -1), np.float32)

    def shown(self, key: int, at: np.ndarray) -> np.ndarray:
        """The generator's frame at places (H, W, 2): (H, W, 3) float32."""
        return sampled(self.frames[key].astype(np.float32), at)


def sampled(frame: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A frame (S, S, 3) float32 at places (H, W, 2) of it, pixels with centres at .5: (H, W, 3) float32."""
    x, y = (np.ascontiguousarray(at[..., axis]) - 0.5 for axis in range(2))
    return cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def likeness_of(
    picture: np.ndarray, canvas: Canvas, frames: np.ndarray, gestures: GestureCourse, rest: int
) -> Likeness:
    """Lay the generator's frames over a picture (H, W, 3) uint8."""
    small = cv2.resize(picture[canvas.box], canvas.cells[::-1], interpolation=cv2.INTER_AREA)
    exposure = _exposure(small, canvas.drawn.covered)
    return Likeness(canvas, small.astype(np.float32) * exposure, frames, gestures, rest, exposure)


def _exposure(small_picture: np.ndarray, head: np.ndarray) -> float:
    """What makes a dark head as bright as one usually is: in the dark all looks alike."""
    if not head.any():
        return 1.0
    bright = float(np.percentile(small_picture[head].mean(axis=-1), BRIGHT))
    return float(np.clip(USUAL / max(bright, 1.0), 1.0, MOST_EXPOSURE))


def appearance_changes(
    likeness: Likeness, matte: np.ndarray, covered: np.ndarray, tone_share: float = 1.0
) -> np.ndarray:
    """How the picture's colours change along the course: (P, H, W, 3) float32 coefficients, at rest's places.

    Args:
        likeness: of the picture and the generator's frames.
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.
        covered: (H, W) float32, 1 where skin or hair is and 0 where eyes and the mouth's inside are.
        tone_share: how much of what the generator's frames change over broad areas is meant.
    """
    canvas, course = likeness.canvas, likeness.gestures.course
    picture = likeness.small_picture
    still = likeness.still
    changes = np.stack([_change(likeness, key, still) for key in range(len(likeness.frames))])  # (K, H, W, 3)
    changes -= np.float32(1 - tone_share) * _broad(changes, covered)
    trusted = _trusted(likeness) * covered
    turning = np.clip(likeness.gestures.largest_turn / TURNED, 0, 1)
    face = _face(canvas)
    crown = canvas.drawn.covered & (canvas.places[..., 1] < crown_row(canvas))
    recoloured = hair_recoloured(still, changes, (face > 0.5) & (trusted > 0.5), crown)
    changes = within_sway(changes, np.maximum(face, max(turning, recoloured)))
    tones = Tones(picture, still, trusted, trusted * face)
    window = hair_window(canvas)
    counterparts = find_counterparts(picture, tones.own(still), trusted, window, face)
    own = np.stack([tones.own_change(change) for change in changes])
    carried = np.stack([counterparts.carried(change) for change in own])  # (K, H, W, 3)
    # What becomes another colour altogether becomes the generator's, whatever it was before.
    paired = counterparts.carried(np.ones_like(still))
    other = counterparts.carried(still) - paired * picture
    replaced = np.stack([counterparts.carried(part) for part in colour_lost(still, changes)])  # (K, H, W, 1)
    replaced = np.maximum(replaced, shade_replaced(carried)) * recoloured
    becomes = (counterparts.carried(tones.own(still)) + carried) / np.maximum(paired, 1e-3)
    keyed = no_further(picture, carried + replaced * (other - grey_of(other)), becomes)
    keyed = mixed_with_skin(picture, keyed, replaced, trusted)
    greyed = ((replaced[..., 0] > CERTAIN) & (grey_of(keyed)[..., 0] > -PALER)).any(axis=0)
    trunk = trunk_share(canvas)
    hair = greyed & (face < 0.5) & (trunk < 0.5)
    keyed = as_strands_carry(picture, keyed, replaced * (1 - face[..., None]), hair & (matte > SURELY_HEAD))
    head = sharpened_matte(picture, matte, canvas.drawn.covered) * canvas.window
    likelier = likelier_hair(canvas, picture, hair, (face > 0.5) & (trusted > 0.5), matte)
    if (likelier > NONE).any():
        neck = shaded_neck(canvas, picture, tones.own(still), face)
        keyed = keyed + neck[..., None] * (own - keyed)
        replaced, likelier, hair = replaced * (1 - neck[..., None]), likelier * (1 - neck), hair & (neck < 0.5)
        hairy = find_hair(canvas, hair, likelier)
        # Curls that have no counterpart on the generator's head change as hair like them does.
        curls = find_alike(picture, hair & hairy, hairy & ~hair)
        unlike = 1 - curls.carried(np.ones_like(still))
        keyed = np.stack([unlike * change + curls.carried(change) for change in keyed])
        replaced = np.stack([unlike[..., :1] * part + curls.carried(part) for part in replaced])
        as_hair = np.clip(replaced.max(axis=0)[..., 0], 0, 1)
        grown = as_hair * hair_share(canvas, hairy, likelier, head)
        head += grown - as_hair * head
    else:
        keyed = within_sway(keyed, np.maximum(face, turning))
        grown = np.zeros_like(head)
    head -= trunk * np.maximum(head - grown, 0)
    head = head * covered * (1 - turning * collar_share(canvas, picture))
    lit = head[..., None] * turning * OWN_LIGHT / likeness.exposure
    if turning > 0:
        lit = lit * course.coefficients(relit(canvas, picture, face > 0.5, likeness.moved))
    # Hair beyond the skull cannot be followed through a turn.
    head = head * (1 - turning * (1 - trusted))
    palette = likeness.palette if likeness.exposure == 1 else Palette(picture, canvas.window)
    keyed = np.stack([palette.kept(change, lost) for change, lost in zip(keyed, replaced, strict=True)])
    head = head * share_of_head(keyed, canvas)
    guide = cv2.cvtColor(np.clip(picture, 0, 255), cv2.COLOR_RGB2GRAY)
    coefficients = course.coefficients(keyed)
    strands = course.coefficients(strands_of(picture, keyed, replaced))
    changed = []
    coefficients *= 1 - turning * (1 - GENERATOR_LIGHT)
    for part, strand in zip(coefficients, strands, strict=True):
        shade = cv2.GaussianBlur(part.astype(np.float32), (0, 0), SHADES)  # features do not turn to the pixel
        changed.append(
            along_edges(part + turning * (shade - part), guide) * head[..., None]
            + strand * (1 - turning) * head[..., None]
        )
    return (np.stack(changed) / likeness.exposure + lit).astype(np.float32)


def _broad(changes: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Changes (K, H, W, 3) over areas broader than a lid or a fold; what eyes and the mouth's inside change is left."""
    weights = covered.astype(np.float32)
    room = np.maximum(cv2.GaussianBlur(weights, (0, 0), BROAD), 1e-3)[..., None]
    return np.stack([cv2.GaussianBlur(change * weights[..., None], (0, 0), BROAD) / room for change in changes])


def _trusted(likeness: Likeness) -> np.ndarray:
    """(H, W) float32: where the generator's frames can be compared; skin that faces the viewer in all of them."""
    head = likeness.canvas.figure.head
    facing = np.ones(len(head.neutral))
    for fit in likeness.gestures.fits:
        seen = fit.seen(head.shape(fit.identity, fit.expression)) / (1, 1, 1 / fit.scale)
        facing = np.minimum(facing, facing_of(seen, head.triangles))
    shown = likeness.canvas.drawn.interpolate(head.triangles, facing[:, None])[..., 0]
    shown = np.where(likeness.canvas.drawn.covered, shown, 0)
    at, side = likeness.places[likeness.rest], likeness.frames.shape[1]
    inside = np.minimum(at, side - at).min(axis=2) / side
    within = np.clip((inside - BORDER) / BORDER_SOFT, 0, 1)
    trust = np.clip((cv2.GaussianBlur(shown, (0, 0), 1.5) - ASIDE) / (FACING - ASIDE), 0, 1)
    return (trust * within).astype(np.float32)


def _face(canvas: Canvas) -> np.ndarray:
    """(H, W) float32: 1 from brows to chin, 0 elsewhere, soft between."""
    return cv2.GaussianBlur(canvas.face.astype(np.float32), (0, 0), FACE_SOFT)


def _change(likeness: Likeness, key: int, still: np.ndarray) -> np.ndarray:
    """What one key's frame has beyond the rest frame, (H, W, 3), point for point of the face."""
    return likeness.shown(key, likeness.places[key]) - still
