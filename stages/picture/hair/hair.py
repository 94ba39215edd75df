"""How far hair reaches that changes its colour: long hair, curls, and where it ends.

The skull says what moves with a head; hair greys wherever it hangs. It is recognised by its own colours, as they are on
the skull and as they are not on face and background (quadratic discriminant analysis). If a dark background is nearly
as much like it, the hair is taken to end a hand's breadth from the skull.
"""

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.tones.palette import to_lab

CERTAIN = 0.5  # how surely hair is replaced at least
NOSE, LIP, CHIN = 33, 57, 8  # of the landmarks: a collar may reach up to the lips
LONG, FAR, BORDER = 0.28, 0.5, 14.0  # of the head's width: how long hair may be, and where it ends; cells at a border
# Cells; cells that tell what hair or background is like; levels of L*a*b*.
LEVELLED, FEWEST, LEAST_SPREAD = 1.5, 50, 3.0
LEAST = 0.06  # of the skull: hair that greys; what is less is a shadow
# Standard deviations of hair's colours: what is not hair; what may be hair beside a background.
UNLIKE, NO_BACKGROUND = 3.5, 1.0
BACKGROUND = 0.2  # of the matte: what is background
# Twice the logarithm of how much likelier hair is than skin or background: at least, and far from the skull.
LIKELIER, FAR_UNCLEAR, FAR_CLEAR = 3.0, 5.0, 8.0
THICK, THICKEST = 0.14, 0.34  # of the head's width: hair where nothing shows its end
CLOSEST, CLOSE = 0.06, 0.14  # of the head's width: where a head's matte knows better than hair's colours
BESIDE = 0.08  # of the head's width: where curls begin
TOUCHING = 0.05  # share of a curl that lies beside the head and above the chin
BROAD, SOFT = 5, 1.2  # cells: what joins hair to a head; how soft its border is
NONE = -100.0


def hair_window(canvas: Canvas) -> np.ndarray:
    """(H, W) float32: where hair may change its colour; farther from the head than anything may move."""
    height, width = canvas.cells
    left, top, right, bottom = (0.0 if free else BORDER for free in canvas.free)
    rows, columns = (np.arange(count) + 0.5 for count in (height, width))
    down = np.minimum(rows + top, height - rows + bottom)[:, None]
    across = np.minimum(columns + left, width - columns + right)[None]
    within = np.clip(np.minimum(down, across) / BORDER, 0, 1)
    share = within * np.clip((FAR - _from_skull(canvas)) / (FAR - LONG), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def likelier_hair(
    canvas: Canvas, picture: np.ndarray, hair: np.ndarray, face: np.ndarray, matte: np.ndarray
) -> np.ndarray:
    """How much likelier each cell is hair than skin or background, (H, W), twice the logarithm; `NONE`: it is not.

    Args:
        picture: (H, W, 3) float32.
        hair: (H, W) bool, cells that become another colour as hair does.
        face: (H, W) bool, where there is skin.
        matte: (H, W) float32, how much of each cell is head by `head_matte`.
    """
    lab = to_lab(cv2.GaussianBlur(picture, (0, 0), LEVELLED))
    skull = canvas.drawn.covered
    if np.count_nonzero(hair & skull) < max(FEWEST, LEAST * np.count_nonzero(skull)):
        return np.full(hair.shape, NONE)
    away, spread = _deviations(lab, hair & skull)
    likelier = np.where((away < UNLIKE**2) & ~face, -NONE, NONE)
    for other in (face, (matte < BACKGROUND) & ~skull & (away > NO_BACKGROUND**2)):
        if np.count_nonzero(other) >= FEWEST:
            aside, apart = _deviations(lab, other)
            difference = aside + np.linalg.slogdet(apart)[1] - away - np.linalg.slogdet(spread)[1]
            likelier = np.minimum(likelier, difference)
    return np.asarray(np.maximum(likelier, NONE))


def find_hair(canvas: Canvas, hair: np.ndarray, likelier: np.ndarray) -> np.ndarray:
    """Which cells are the head's hair: (H, W) bool; a coat like it is not.

    Args:
        hair: (H, W) bool, cells that become another colour as hair does: on the skull, they are hair.
        likelier: (H, W), by `likelier_hair`.
    """
    hairy = likelier > LIKELIER
    near = _from_skull(canvas) < BESIDE
    nose, lip, chin = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[NOSE, LIP, CHIN]], :2])[:, 1]
    rows = np.mgrid[: hairy.shape[0], : hairy.shape[1]][0]
    # Broad ways lead to all that hangs from a head; a curl beside it may be joined by none, but ends above the chin.
    broad = cv2.erode((hairy | (hair & canvas.drawn.covered)).astype(np.uint8), np.ones((BROAD, BROAD), np.uint8))
    joined = cv2.dilate(_parts(broad > 0, near & (rows < nose)), np.ones((BROAD + 4, BROAD + 4), np.uint8)) > 0
    short = hairy & (rows < chin)
    _, numbers = cv2.connectedComponents(short.astype(np.uint8), connectivity=4)
    going_on = np.setdiff1d(numbers[:-1][short[:-1] & (hairy & ~short)[1:]], [0])
    curls = (_parts(short, near & (rows < lip)) > 0) & ~np.isin(numbers, going_on)
    return (hairy & (joined | curls)) | (hair & canvas.drawn.covered)


def hair_share(canvas: Canvas, hairy: np.ndarray, likelier: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """How much of the change of hair each cell makes: (H, W) float32.

    Args:
        hairy: (H, W) bool, by `find_hair`. likelier: (H, W), by `likelier_hair`.
        matte: (H, W) float32, how much of each cell is head, believed close to the skull.
    """
    thick = np.clip((THICKEST - _from_skull(canvas)) / (THICKEST - THICK), 0, 1)
    thick = thick * thick * (3 - 2 * thick)
    clear = cv2.GaussianBlur(np.where(hairy, likelier, LIKELIER).astype(np.float32), (0, 0), 2 * SOFT)
    sure = np.clip((clear - FAR_UNCLEAR) / (FAR_CLEAR - FAR_UNCLEAR), 0, 1)
    closed = cv2.morphologyEx(hairy.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    ends = cv2.GaussianBlur(closed.astype(np.float32), (0, 0), SOFT)
    share = ends * (thick + (1 - thick) * sure) * hair_window(canvas)
    close = np.clip((CLOSE - _from_skull(canvas)) / (CLOSE - CLOSEST), 0, 1)
    return np.asarray(share + close * np.maximum(matte - share, 0), np.float32)


def _parts(cells: np.ndarray, through: np.ndarray) -> np.ndarray:
    """(H, W) uint8: the connected parts of some cells (H, W) bool that touch others, `through`, by no mere corner."""
    _, numbers, figures, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=4)
    touching = np.bincount(numbers[through], minlength=len(figures)) > TOUCHING * figures[:, cv2.CC_STAT_AREA]
    touching[0] = False
    return np.asarray(touching[numbers], np.uint8)


def _deviations(lab: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) squared standard deviations of each cell from the mean of known ones, and those' (3, 3) covariance."""
    own = lab[known].astype(np.float64)
    spread = np.cov(own, rowvar=False) + LEAST_SPREAD**2 * np.eye(3)
    away = lab - own.mean(axis=0)
    return np.maximum(np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(spread), away), 0), spread


def _from_skull(canvas: Canvas) -> np.ndarray:
    """(H, W) float32 distance from the skull, in widths of the head."""
    outside = (~canvas.drawn.covered).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 5) / canvas.head_width, np.float32)
