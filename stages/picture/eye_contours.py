"""Eyes outlined by what a picture shows: where the eyeball ends and skin begins.

A landmark network trained on renders misplaces lids of painted and sculpted eyes by a good part of their opening, and a
lid that is drawn through an iris takes half of it along. So the almond through an eye's landmarks is fitted to the
picture: it has to part what looks like skin from what does not (the contrast between two classes, Otsu 1979).
"""

from itertools import product

import cv2
import numpy as np

# Corners at the left and right, two landmarks on the upper lid, two on the lower, each pair from left to right.
EYES = ((36, 39, 37, 38, 41, 40), (42, 45, 43, 44, 47, 46))
LID_PLACE = 0.4  # of half an eye's width from its middle: where a lid's two landmarks are
ROUND = 1 - LID_PLACE**2  # how high a lid is there, as a share of its height in the middle
NEAREST = 3.0  # pixels: half the width of an eye that can be looked at
# The patch that is looked at: columns, rows, and how many half widths of the eye it reaches to each side and down.
COLUMNS, ROWS, ACROSS, DOWN = 64, 32, 2.4, 1.2
X, Y = np.meshgrid(
    ((np.arange(COLUMNS) + 0.5) / COLUMNS * 2 - 1) * ACROSS, ((np.arange(ROWS) + 0.5) / ROWS * 2 - 1) * DOWN
)
BAND = 0.24  # half widths: of the skin around the almond that it is compared with
# Steps by which an almond's place, width and lids are tried, in half widths, twice: coarsely, then around the best.
COARSE = ((-0.36, -0.18, 0.0, 0.18, 0.36), (-0.2, -0.1, 0.0, 0.1, 0.2), (0.85, 1.0, 1.18, 1.4))
LIDS = (0.7, 1.0, 1.35, 1.8)
FINE = ((-0.09, 0.0, 0.09), (-0.05, 0.0, 0.05), (0.94, 1.0, 1.06))
FINE_LIDS = (0.87, 1.0, 1.15)
# Where the landmarks are known to be wrong, an eye may be far wider than they say.
WIDE = (*COARSE[:2], (*COARSE[2], 1.65))
# Standard deviations of what a network gets wrong, in the same units, of its eyes and of those that it misses; the
# logarithm of the lids' openings.
MISPLACED, MISSED, MISJUDGED = (0.3, 0.16, 0.16), (0.3, 0.16, 0.3), 0.45
# So much more contrast is worth leaving the landmarks; and so much where those of the other eye are left.
BETTER, BETTER_TOO = 4.0, 1.5
LASHES = 0.1  # half widths: the line of lashes and its shade, which looks no more like skin than an eye does
# How far an almond has to lie from the landmarks' for them to be wrong: across, down, in width and in both lids.
FROM_LANDMARKS = np.array([0.4, 0.14, 0.25, 0.16, 0.16])
MOST_UNLIKE = 45.0  # of L*a*b*: a highlight must not outweigh an eye
FEWEST_CELLS = 12  # of the patch, in an almond and in its band
NARROWEST, SHUT = 0.05, 0.13  # openings, in half widths: the least that is tried; an eye that is shut is left alone


def with_eyes_outlined(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Landmarks with the eyes' where the picture shows them.

    Args:
        picture: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) float64, pixels, centres at .5.

    Returns:
        (68, 2); the others, and those of eyes that are shut or that nothing parts from skin, as they were.
    """
    outlined = np.array(landmarks, np.float64)
    eyes = [_Eye(picture, outlined[list(eye)]) for eye in EYES]
    missed = [eye.is_missed(BETTER) for eye in eyes]
    for numbers, eye in zip(EYES, eyes, strict=True):
        # A network that has missed one eye of a face has hardly found the other.
        if any(missed) and eye.is_missed(BETTER_TOO, FROM_LANDMARKS / 2):
            outlined[list(numbers)] = eye.outline()
    return outlined


class _Eye:
    """An eye's six landmarks (6, 2), and the patch of the picture around them."""

    def __init__(self, picture: np.ndarray, points: np.ndarray):
        half = (points[1] - points[0]) / 2
        self._middle = (points[0] + points[1]) / 2
        self._axes = np.stack([half, [-half[1], half[0]]])  # (2, 2): along the eye, and down
        lids = (points[2:] - self._middle) @ self._axes.T / max(float(half @ half), 1e-9)  # (4, 2)
        upper, lower = -float(lids[:2, 1].mean()) / ROUND, float(lids[2:, 1].mean()) / ROUND
        self._is_seen = float(half @ half) >= NEAREST**2 and upper + lower >= SHUT
        self._first = np.array([0.0, 0.0, 1.0, max(upper, NARROWEST), max(lower, NARROWEST)])
        if self._is_seen:
            self._unlike = _unlike_skin(picture, self._middle, self._axes)
            self._best = _fitted(self._unlike, self._first, COARSE, MISPLACED)

    def is_missed(self, better: float, away: np.ndarray = FROM_LANDMARKS) -> bool:
        """Whether another almond parts the eye from skin so many times better than the landmarks', and lies elsewhere.

        Args:
            better: times the contrast.
            away: how far it lies from theirs at least, in one of the five numbers.
        """
        if not self._is_seen or (np.abs(self._best - self._first) < away).all():
            return False
        return _contrast(self._unlike, self._best) >= better * _contrast(self._unlike, self._first)

    def outline(self) -> np.ndarray:
        """(6, 2) landmarks on the almond that parts best, which may be far wider than the landmarks say."""
        across, down, wide, upper, lower = _fitted(self._unlike, self._first, WIDE, MISSED)
        almond = [(-1.0, 0.0), (1.0, 0.0)]
        almond += [(side * LID_PLACE, height * ROUND) for height in (-upper, lower) for side in (-1, 1)]
        found: np.ndarray = self._middle + (np.array(almond) * (wide, 1) + (across, down)) @ self._axes
        return found


def _fitted(
    unlike: np.ndarray, first: np.ndarray, places: tuple[tuple[float, ...], ...], wrong: tuple[float, ...]
) -> np.ndarray:
    """The almond that parts the patch best: across, down, width, upper and lower lid.

    Args:
        first: the landmarks' own.
        places: steps by which place and width are tried. wrong: by how much the landmarks' may be wrong.
    """
    best = _best(unlike, first, first, places, LIDS, wrong)
    best = _best(unlike, best, first, FINE, FINE_LIDS, wrong)
    best[3] = max(best[3] - LASHES, NARROWEST)
    return best


def _best(
    unlike: np.ndarray,
    around: np.ndarray,
    first: np.ndarray,
    places: tuple[tuple[float, ...], ...],
    lids: tuple[float, ...],
    wrong: tuple[float, ...],
) -> np.ndarray:
    """Of the almonds around one, the one that parts best; what the network says counts as well."""
    across, down, wide = np.array(list(product(*places))).T  # (P,) each
    across, down, wide = around[0] + across, around[1] + down, around[2] * wide
    uppers, lowers = around[3] * np.array(lids), around[4] * np.array(lids)  # (L,)
    contrast = _contrasts(unlike, across, down, wide, uppers, lowers)  # (P, L, L)
    moved = (np.stack([across, down, wide], axis=1) - first[:3]) / wrong
    upper, lower = np.log(uppers / first[3]) / MISJUDGED, np.log(lowers / first[4]) / MISJUDGED
    away = np.square(moved).sum(axis=1)[:, None, None] + np.square(upper)[:, None] + np.square(lower)
    worth = np.log(np.maximum(contrast, 1e-9)) - 0.1 * away
    place, above, below = np.unravel_index(np.argmax(worth), worth.shape)
    return np.array([across[place], down[place], wide[place], uppers[above], lowers[below]])


def _contrast(unlike: np.ndarray, almond: np.ndarray) -> float:
    """How well an almond parts the patch: the variance between it and the band around it."""
    return float(_contrasts(unlike, *almond[:, None])[0, 0, 0])


def _contrasts(
    unlike: np.ndarray, across: np.ndarray, down: np.ndarray, wide: np.ndarray, uppers: np.ndarray, lowers: np.ndarray
) -> np.ndarray:
    """Of almonds at P places, with each of U upper and L lower lids: (P, U, L) variance between, 0 for slits."""
    inner, within = _cells(unlike, across, down, wide, uppers, lowers)
    outer, there = _cells(unlike, across, down, wide + BAND, uppers + BAND, lowers + BAND)
    outer, there = outer - inner, there - within  # the band alone
    apart = within / np.maximum(inner, 1) - there / np.maximum(outer, 1)
    variance = np.maximum(apart, 0.0) ** 2 * inner * outer / np.maximum(inner + outer, 1)
    return np.where((inner < FEWEST_CELLS) | (outer < FEWEST_CELLS), 0.0, variance)


def _cells(
    unlike: np.ndarray, across: np.ndarray, down: np.ndarray, wide: np.ndarray, uppers: np.ndarray, lowers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many cells of the patch the same almonds hold, and what those add up to: (P, U, L) each.

    The line between the corners parts an almond in two, so that each lid is looked at once and not in all pairs.
    """
    along = (X[0] - across[:, None]) / wide[:, None]  # (P, COLUMNS)
    height = np.where(np.abs(along) < 1, 1 - along * along, 0.0)[:, None, None, :]
    below = (Y[:, 0] - down[:, None])[:, None, :, None]  # (P, 1, ROWS, 1)
    above_line = (below <= 0) & (below > -uppers[:, None, None] * height)  # (P, U, ROWS, COLUMNS)
    below_line = (below > 0) & (below < lowers[:, None, None] * height)
    halves = [half.reshape(*half.shape[:2], -1).astype(np.float64) for half in (above_line, below_line)]
    values = unlike.ravel().astype(np.float64)
    counts, sums = ([half @ column for half in halves] for column in (np.ones_like(values), values))
    return counts[0][:, :, None] + counts[1][:, None], sums[0][:, :, None] + sums[1][:, None]


def _unlike_skin(picture: np.ndarray, middle: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(ROWS, COLUMNS) float: how far each cell of the patch is from the colour of the skin under the eye."""
    corners = np.array([(-ACROSS, -DOWN), (ACROSS, -DOWN), (-ACROSS, DOWN)]) @ axes + middle - 0.5
    there = np.array([(0, 0), (COLUMNS, 0), (0, ROWS)], np.float32) - np.float32(0.5)
    matrix = cv2.getAffineTransform(corners.astype(np.float32), there)
    scale = float(np.linalg.norm(axes[0])) * 2 * ACROSS / COLUMNS  # pixels of the picture for each of the patch
    low = np.maximum(np.floor(corners.min(axis=0) - scale * ROWS), 0).astype(int)
    high = np.ceil(corners.max(axis=0) + scale * ROWS).astype(int) + 1
    part = picture[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return np.zeros((ROWS, COLUMNS))
    matrix[:, 2] += matrix[:, :2] @ low
    if scale > 1:
        part = cv2.GaussianBlur(part, (0, 0), scale / 2)
    patch = cv2.warpAffine(part, matrix, (COLUMNS, ROWS), borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
    lab = cv2.cvtColor(patch, cv2.COLOR_RGB2LAB)
    below = (Y > 0.45) & (Y < 1.0) & (np.abs(X) < 1.0)
    return np.asarray(np.minimum(np.linalg.norm(lab - np.median(lab[below], axis=0), axis=-1), MOST_UNLIKE))
