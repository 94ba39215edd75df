"""The skin of a lid that closes, free of what it is not: lashes, the rest of an iris, a lock of hair.

A lid that comes down is the skin above an eye, stretched. Landmarks are a few pixels off, and an eye is larger than its
opening: what lies at its rim would be stretched with the skin. So where an eye closes, everything in its reach that
does not look like the skin around it is continued from that skin, and the line of lashes is drawn along the lid's edge,
as dark as the image's own.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.openings.openings import Box, opening_mask
from stages.picture.tones.palette import grey_of, to_lab
from stages.picture.warping.strips import Patch
from stages.picture.warping.warp import fill

ACROSS, UP, DOWN = 1.4, 0.56, 0.5  # half widths of the eye from its middle: its reach
ELSEWHERE = 0.4  # share of what is not skin beyond that reach, from which it is no part of an eye
RIM = 0.08  # of the eye's width: lashes and lids' edges
# Levels of L*a*b* that skin around an eye differs by: it is skin; it is as lit as a lid; it tells nothing of a lid.
SKIN, LIT, SHADED = 27.0, 12.0, 35.0
COVERED, WHOLE = 0.25, 0.75  # how far an eye has closed: its rest is seen up to the first, and gone from the second
LASHES, LASHES_SOFT = 0.07, 0.018  # of the eye's width: how broad their line is, and how soft its edges are
MOST_DARK, LINE = 0.8, 75  # of a line of lashes, in shares; the percentile along a lid's edge that it is as dark as
LEVEL = 0.05  # of the eye's width, over which skin is level
SOFT = 0.02  # of the eye's width
GRAIN, MOST_GRAIN = 0.03, 10.0  # of the eye's width: what is finer is grain; grey levels
# How many times as tall skin is drawn before its grain becomes streaks, and from when on none of it is left; the share
# of the eye's width over which it is levelled then.
TALL, TALLEST, STREAKS = 1.5, 3.0, 0.05
# A lid that is drawn tall is at least so light beside the lit skin around the eye, altogether where it would be darker
# by a further share; by up to the next share it is skin in the shade, and from the last on something else, as hair.
DIM, DARKER, DARK, DARKEST = 0.95, 0.1, 1.2, 2.2
LITTLE, MUCH = 3.0, 15.0  # levels of lightness by which skin is darker than usual and lit, and from which it is not


@dataclass(frozen=True, eq=False)
class Lid:
    """Attributes:
    box: around the eye, in pixels of the picture.
    cover: (h, w, 3) float32, what makes skin of all that the picture shows in the eye's reach.
    grain: (h, w, 3) float32, of skin, for a lid whose own is drawn out of shape.
    lit: (h, w, 3) float32, the lit skin around the eye, continued over it.
    lashes: (3,) how much darker than skin the line of lashes is, in shares.
    """

    box: Box
    cover: np.ndarray
    grain: np.ndarray
    lit: np.ndarray
    lashes: np.ndarray

    def lay(self, part: np.ndarray, patch: Patch, edge: np.ndarray, closure: float) -> None:
        """Cover what is not skin, on a part (h, w, 3) uint8 of a frame, in place.

        Args:
            part: the box as it is shown now.
            patch: of the field there.
            edge: (N, 2) the upper lid's edge now, pixels of the picture.
            closure: 0 as open as at rest, 1 shut.
        """
        share = float(np.clip((closure - COVERED) / (WHOLE - COVERED), 0, 1))
        if share <= 0:
            return
        share = share * share * (3 - 2 * share)
        rows, columns = np.mgrid[: self.box.height, : self.box.width].astype(np.float32)
        back = patch.field + np.dstack([columns, rows])
        cover = cv2.remap(self.cover, back, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        skin = self._unstreaked(part + share * patch.weight * cover, back, edge, share * patch.weight)
        line = self._line(edge)[..., None] * share * patch.weight
        part[:] = np.rint(skin * (1 - line * self.lashes)).clip(0, 255).astype(np.uint8)

    def _unstreaked(self, skin: np.ndarray, back: np.ndarray, edge: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Skin (h, w, 3) taken from `back` (h, w, 2), level where it is drawn tall, with grain that is not.

        There it is not much darker than the lit skin around the eye either.
        """
        tall = 1 / np.maximum(np.gradient(back[..., 1], axis=0), 1e-3)
        drawn = np.clip((tall - TALL) / (TALLEST - TALL), 0, 1).astype(np.float32)[..., None] * weight
        wide = max(STREAKS * float(np.linalg.norm(edge[-1] - edge[0])), 0.5)
        level = cv2.GaussianBlur(skin * drawn, (0, 0), wide)
        sure = cv2.GaussianBlur(drawn, (0, 0), wide)[..., None]
        own = level / np.maximum(sure, 1e-3)
        # The rim that it is drawn from may be in the shade of lashes, or painted.
        lit = cv2.remap(self.lit, back, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lit = DIM * cv2.GaussianBlur(lit, (0, 0), wide)
        darker = grey_of(lit) / np.maximum(grey_of(own), 1.0) - 1
        shaded = np.clip(darker / DARKER, 0, 1) * np.clip((DARKEST - darker) / (DARKEST - DARK), 0, 1)
        lifting = cv2.GaussianBlur(drawn[..., 0] * shaded[..., 0], (0, 0), 2 * wide)[..., None]
        return np.asarray(skin + drawn * (own + self.grain - skin) + lifting * (lit - own), np.float32)

    def _line(self, edge: np.ndarray) -> np.ndarray:
        """(h, w) float32: 1 on the line of lashes along the lid's edge (N, 2), thinner towards its corners."""
        width = float(np.linalg.norm(edge[-1] - edge[0]))
        along = np.linspace(0, 1, len(edge))
        across = np.array([edge[0, 1] - edge[-1, 1], edge[-1, 0] - edge[0, 0]]) / max(width, 1e-6)  # down
        half = (0.5 * LASHES * width * np.sqrt(4 * along * (1 - along)))[:, None] * across
        line = np.concatenate([edge - half, (edge + half)[::-1]])
        return opening_mask(line, self.box, max(LASHES_SOFT * width, 0.5))


def lid_of(picture: np.ndarray, box: Box, edge: np.ndarray) -> Lid:
    """The lid of an eye of a picture (H, W, 3) uint8.

    Args:
        box: around the eye, in pixels.
        edge: (N, 2) pixels, the opening's edge at rest, its corners first and in the middle of the line.
    """
    part = picture[box.rows_and_columns].astype(np.float32)
    corners = edge[[0, int(np.argmax(np.linalg.norm(edge - edge[0], axis=1)))]]
    width = float(np.linalg.norm(corners[1] - corners[0]))
    opening = opening_mask(edge, box, 0.5)
    reach = _reach(corners, box)
    lab = to_lab(cv2.GaussianBlur(part, (0, 0), max(SOFT * width / 2, 0.5)))
    size = 2 * max(round(RIM * width), 1) + 1
    eye = cv2.dilate((opening > 0.1).astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    beside = (reach > 0) & ~eye
    if np.count_nonzero(beside) < size:
        return Lid(box, np.zeros_like(part), np.zeros_like(part), part, np.zeros(3, np.float32))
    skin = np.median(lab[beside], axis=0)
    away = np.linalg.norm(lab - skin, axis=-1)
    unlike = away > SKIN
    unlike &= ~_going_on(unlike & ~eye, reach)
    _, numbers = cv2.connectedComponents(((unlike & (reach > 0)) | eye).astype(np.uint8), connectivity=4)
    hidden = np.isin(numbers, np.setdiff1d(numbers[eye], [0]))
    margin = 2 * max(round(SOFT * width), 1) + 1
    hidden = cv2.dilate(hidden.astype(np.uint8), np.ones((margin, margin), np.uint8)) > 0
    known = (~hidden * np.clip((SHADED - away) / (SHADED - LIT), 0, 1)).astype(np.float32)
    plain = fill(part, known)
    smooth = cv2.GaussianBlur(plain, (0, 0), max(LEVEL * width, 0.5))
    shade = np.clip((MUCH - (skin[0] - lab[..., 0])) / (MUCH - LITTLE), 0, 1)
    lit = cv2.GaussianBlur(fill(part, (known * shade).astype(np.float32)), (0, 0), max(LEVEL * width, 0.5))
    grain = _grain(part, known, hidden, width)
    plain = np.where(hidden[..., None], smooth + grain, part)
    # A lid's own skin stays: what is hidden by how unlike skin it is, and the opening's own place altogether.
    odd = np.maximum(np.clip((away - LIT) / (SKIN - LIT), 0, 1), opening) * hidden
    size = 2 * max(round(SOFT * width), 1) + 1
    odd = cv2.dilate(odd.astype(np.float32), np.ones((size, size), np.uint8)) * hidden
    # Lit skin does not end at an edge in a shadow that goes on beside the eye.
    stays = (away > SKIN) & ~hidden
    far = cv2.distanceTransform((~stays).astype(np.uint8), cv2.DIST_L2, 3)
    odd *= np.maximum(np.minimum(far, RIM * width) / (RIM * width), opening)
    weight = cv2.GaussianBlur(odd.astype(np.float32), (0, 0), max(SOFT * width, 0.5))[..., None]
    return Lid(box, (weight * (plain - part)).astype(np.float32), grain, lit, _darkness(part, smooth, edge, box, width))


def _reach(corners: np.ndarray, box: Box) -> np.ndarray:
    """(h, w) uint8: 1 in the oval that an eye between two corners (2, 2) may fill, lashes and lids' edges included."""
    middle = corners.mean(axis=0) - (box.left, box.top) - 0.5
    half = (corners[1] - corners[0]) / 2 * np.sign(corners[1, 0] - corners[0, 0] or 1)
    length = max(float(np.linalg.norm(half)), 1e-6)
    rows, columns = np.mgrid[: box.height, : box.width]
    away = np.dstack([columns, rows]) - middle
    along, down = away @ half / length**2, away @ np.array([-half[1], half[0]]) / length**2
    tall = np.where(down < 0, UP, DOWN)
    return np.asarray((along / ACROSS) ** 2 + (down / tall) ** 2 < 1, np.uint8)


def _going_on(unlike: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """(h, w) bool: what is not skin and lies for a good part beyond an eye's reach: a spectacle frame, a brow."""
    _, numbers, figures, _ = cv2.connectedComponentsWithStats(unlike.astype(np.uint8), connectivity=8)
    beyond = np.bincount(numbers[reach == 0], minlength=len(figures)) > ELSEWHERE * figures[:, cv2.CC_STAT_AREA]
    beyond[0] = False
    return np.asarray(beyond[numbers])


def _grain(part: np.ndarray, known: np.ndarray, hidden: np.ndarray, width: float) -> np.ndarray:
    """(h, w, 3): the grain of the skin below an eye, where the eye is hidden."""
    rows = np.flatnonzero(hidden.any(axis=1))
    down = int(rows[-1] - rows[0] + 1) if len(rows) else 0
    fine = np.clip(part - cv2.GaussianBlur(part, (0, 0), max(GRAIN * width, 0.7)), -MOST_GRAIN, MOST_GRAIN)
    fine *= known[..., None]
    shifted = np.zeros_like(part)
    if 0 < down < len(part):
        shifted[:-down] = fine[down:]
    return shifted


def _darkness(part: np.ndarray, skin: np.ndarray, edge: np.ndarray, box: Box, width: float) -> np.ndarray:
    """(3,) how much darker than skin the upper lid's edge is in the picture, in shares."""
    upper = edge[: len(edge) // 2 + 1]
    at = np.round(upper - (box.left, box.top) - 0.5).astype(int)
    found = []
    for column, row in at:
        rows = slice(max(row - max(round(RIM * width), 1), 0), row + max(round(RIM * width / 2), 1))
        if 0 <= column < part.shape[1] and rows.start < min(rows.stop, len(part)):
            line, plain = part[rows, column], skin[rows, column]
            darkest = int(line.mean(axis=-1).argmin())
            found.append(1 - line[darkest] / np.maximum(plain[darkest], 1.0))
    if not found:
        return np.zeros(3, np.float32)
    return np.asarray(np.clip(np.percentile(found, LINE, axis=0), 0, MOST_DARK), np.float32)
