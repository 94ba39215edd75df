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
# The patch that is looked at: columns, rows, and how many half widths of the eye it reaches to each side and down.
COLUMNS, ROWS, ACROSS, DOWN = 48, 32, 1.8, 1.2
X, Y = np.meshgrid(
    ((np.arange(COLUMNS) + 0.5) / COLUMNS * 2 - 1) * ACROSS, ((np.arange(ROWS) + 0.5) / ROWS * 2 - 1) * DOWN
)
BAND = 0.24  # half widths: of the skin around the almond that it is compared with
# Steps by which an almond's place, width and lids are tried, in half widths, twice: coarsely, then around the best.
COARSE = ((-0.36, -0.18, 0.0, 0.18, 0.36), (-0.2, -0.1, 0.0, 0.1, 0.2), (0.85, 1.0, 1.18))
LIDS = (0.7, 1.0, 1.35, 1.8)
FINE = ((-0.09, 0.0, 0.09), (-0.05, 0.0, 0.05), (0.94, 1.0, 1.06))
FINE_LIDS = (0.87, 1.0, 1.15)
# Standard deviations of what a network gets wrong, in the same units; the logarithm of the lids' openings.
MISPLACED, MISJUDGED = (0.3, 0.16, 0.16), 0.45
BETTER = 2.0  # so much more contrast is worth leaving the landmarks
LASHES = 0.1  # half widths: the line of lashes and its shade, which looks no more like skin than an eye does
# How far an almond has to lie from the landmarks' for them to be wrong: across, down, in width and in both lids.
FROM_LANDMARKS = np.array([0.4, 0.14, 0.25, 0.16, 0.16])
MOST_UNLIKE = 45.0  # of L*a*b*: a highlight must not outweigh an eye
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
    for eye in EYES:
        outlined[list(eye)] = _outlined(picture, outlined[list(eye)])
    return outlined


def _outlined(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """One eye's six landmarks."""
    half = (points[1] - points[0]) / 2
    width = float(np.linalg.norm(half))
    middle = (points[0] + points[1]) / 2
    if width < 3:
        return points
    axes = np.stack([half, [-half[1], half[0]]])  # (2, 2): along the eye, and down
    lids = (points[2:] - middle) @ axes.T / width**2  # (4, 2)
    round_share = 1 - LID_PLACE**2
    upper, lower = -float(lids[:2, 1].mean()) / round_share, float(lids[2:, 1].mean()) / round_share
    if upper + lower < SHUT:
        return points
    unlike = _unlike_skin(picture, middle, axes)
    first = np.array([0.0, 0.0, 1.0, max(upper, NARROWEST), max(lower, NARROWEST)])
    best = _best(unlike, first, first, COARSE, LIDS)
    best = _best(unlike, best, first, FINE, FINE_LIDS)
    best[3] = max(best[3] - LASHES, NARROWEST)
    told_apart = np.abs(best - first) / FROM_LANDMARKS
    if _contrast(unlike, best) < BETTER * _contrast(unlike, first) or told_apart.max() < 1:
        return points
    across, down, wide, upper, lower = best
    almond = [(-1.0, 0.0), (1.0, 0.0)]
    almond += [(side * LID_PLACE, height * round_share) for height in (-upper, lower) for side in (-1, 1)]
    found: np.ndarray = middle + (np.array(almond) * (wide, 1) + (across, down)) @ axes
    return found


def _best(
    unlike: np.ndarray,
    around: np.ndarray,
    first: np.ndarray,
    places: tuple[tuple[float, ...], ...],
    lids: tuple[float, ...],
) -> np.ndarray:
    """Of the almonds around one, the one that parts best; what the network says counts as well."""
    best, highest = around, -np.inf
    for across, down, wide, upper, lower in product(*places, lids, lids):
        almond = np.array(
            [around[0] + across, around[1] + down, around[2] * wide, around[3] * upper, around[4] * lower]
        )
        moved = (almond[:3] - first[:3]) / MISPLACED
        judged = np.log(almond[3:] / first[3:]) / MISJUDGED
        worth = np.log(max(_contrast(unlike, almond), 1e-9)) - 0.1 * (moved @ moved + judged @ judged)
        if worth > highest:
            best, highest = almond, worth
    return best


def _contrast(unlike: np.ndarray, almond: np.ndarray) -> float:
    """How well an almond parts the patch: the variance between it and the band around it."""
    across, down, wide, upper, lower = almond
    inside = _within(across, down, wide, upper, lower)
    band = _within(across, down, wide + BAND, upper + BAND, lower + BAND) & ~inside
    inner, outer = np.count_nonzero(inside), np.count_nonzero(band)
    if inner < 12 or outer < 12:
        return 0.0
    apart = float(unlike[inside].mean() - unlike[band].mean())
    return max(apart, 0.0) ** 2 * inner * outer / (inner + outer)


def _within(across: float, down: float, wide: float, upper: float, lower: float) -> np.ndarray:
    """(ROWS, COLUMNS) bool: the cells of the patch in an almond."""
    along = (X - across) / wide
    height = 1 - along * along
    below = Y - down
    inside: np.ndarray = (np.abs(along) < 1) & (below > -upper * height) & (below < lower * height)
    return inside


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
