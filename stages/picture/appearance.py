"""What changes in a face without moving: shade, folds, greying hair, lids that come down over an eye.

It is what the generator's frame has beyond its own rest frame, carried along. Laid on the picture at rest, it moves
with the picture's pixels from then on.
"""

import cv2
import numpy as np

from stages.picture.body.collar import collar_share
from stages.picture.body.neck import shaded_neck
from stages.picture.body.trunk import trunk_share
from stages.picture.hair.greying import (
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
from stages.picture.hair.hair import CERTAIN, NONE, find_hair, hair_share, hair_window, likelier_hair
from stages.picture.hair.hair_edges import sharpened_matte
from stages.picture.head.canvas import Canvas
from stages.picture.head.crown import crown_row
from stages.picture.tones.counterparts import Tones, find_alike, find_counterparts
from stages.picture.tones.light import relit
from stages.picture.tones.likeness import Likeness
from stages.picture.tones.palette import Palette, grey_of
from stages.picture.warping.along_edges import along_edges
from stages.picture.warping.raster import facing_of

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
    if tone_share < 1:
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
