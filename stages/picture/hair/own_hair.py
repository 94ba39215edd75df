"""Which of a picture's cells are the head's hair, or a hat, by their own colour: no landmark shows it.

Hair lies far from skin on the way from the colour of the face to that of the crown. It is connected to what grows above
the brows, and beyond the skull it is told from a background that is as dark.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from stages.picture.head.canvas import Canvas
from stages.picture.head.crown import crown_row
from stages.picture.head.head_parts import ear_share
from stages.picture.tones.palette import to_lab
from stages.picture.tones.skin_and_hair import scale_of
from stages.picture.warping.warp import at_places

RIM = 8.0  # cells from the outline where hair surely grows
# Of a matte and of hairiness; of the canvas's window: what is background.
SURELY_HEAD, SURELY_HAIR, BACKGROUND = 0.6, 0.8, 0.2
LEVELLED = 1.5  # cells over which strands are levelled
NEAR, LIKE = 25.0, 8.0  # one step of unlikeness: cells away; levels of L*a*b* apart
UNSURE, SURE = 0.5, 0.62  # how much unlikelier the background is than hair, as a share of both
DARK_BACKGROUND = 0.4  # share of the cells beside a head that look like hair: more, and that is a background
COARSER = 2  # cells of the grid on which colours are compared
CHIN, BROWS, MOUTH = 8, slice(17, 27), [48, 54]  # of the landmarks
SEEN, NEXT = 0.2, 6  # of `facing`: vertices that tell of hair; how many of them tell of one that is not seen
BEYOND = 4.0  # cells from the outline at which hair is looked for that hides what is behind it
HIDDEN = 0.1  # share of an ear's vertices: an ear of which less is seen is behind the face
BARE = 0.5  # of `grown`: less on an ear is an ear that is seen


@dataclass(frozen=True, eq=False)
class Hair:
    """Of a picture.

    Attributes:
        share: (H, W) float32, how surely each cell at rest shows the head's hair, on the skull and beyond it.
        grown: (V,), how surely each vertex is covered by it; one that is not seen is as those next to it.
        ears: (V,), 1 on ears that no hair covers.
        over_ears: (V,), 1 on ears that hair covers.
    """

    share: np.ndarray
    grown: np.ndarray
    ears: np.ndarray
    over_ears: np.ndarray


def hair_of(canvas: Canvas, picture: np.ndarray, matte: np.ndarray) -> Hair:
    """Of a picture (H, W, 3) float32, whose matte (H, W) is 1 on the head, hair included, and 0 beside it."""
    share = _share(canvas, picture, matte)
    rest, at = canvas.figure.rest, canvas.on_grid(canvas.figure.rest[:, :2])
    seen = canvas.facing > SEEN
    if np.count_nonzero(seen) < NEXT or not share.any():
        return Hair(share, *np.zeros((3, len(rest))))
    apart, near = cKDTree(rest[seen]).query(rest, NEXT)
    weights = 1 / (apart + 1e-3)
    grown = (weights * at_places(share, at[seen])[near]).sum(axis=1) / weights.sum(axis=1)
    # On a side whose ear is not seen at all, hair that begins right beside the outline hides what lies behind that.
    neutral = canvas.figure.head.neutral
    ears = ear_share(neutral)
    out = (BEYOND - at_places(canvas.outline, at))[:, None] * at_places(canvas.outwards, at)
    for side in (neutral[:, 0] < 0, neutral[:, 0] > 0):
        if seen[side & (ears > 0.5)].mean() < HIDDEN:
            grown = np.where(side & ~seen, np.maximum(grown, at_places(share, at + out)), grown)
    return Hair(share, grown, ears * (grown < BARE), ears * (grown >= BARE))


def _share(canvas: Canvas, picture: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """How surely each cell at rest is hair, or a hat, above the mouth: (H, W) float32; none where it looks like skin.

    Args:
        picture: (H, W, 3) float32.
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.
    """
    landmarks = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    brows, mouth, chin = landmarks[BROWS, 1].mean(), landmarks[MOUTH, 1].mean(), landmarks[CHIN, 1]
    rows = canvas.places[..., 1]
    rim = (np.abs(canvas.outline) < RIM) & (matte > SURELY_HEAD)
    levelled = cv2.GaussianBlur(picture, (0, 0), LEVELLED)
    face = canvas.face & (rows > brows)
    # A crown in the light may look like skin where the hair beside the cheeks does not.
    grows = rim & (rows < crown_row(canvas)), rim & ~canvas.face & (rows > brows) & (rows < mouth)
    scale = next(filter(None, (scale_of(picture, face, part) for part in grows)), None)
    if scale is None:
        return np.zeros(canvas.cells, np.float32)
    hairy = scale.hairiness(levelled) * np.clip((chin - rows) / max(chin - mouth, 1.0), 0, 1) * ~canvas.face
    head, background = np.maximum(matte, canvas.drawn.whole), canvas.window < BACKGROUND
    known = (hairy * head > SURELY_HAIR) & (rows < mouth)
    alike = _like_hair(levelled, known, background)
    for side in (canvas.places[..., 0] < landmarks[:, 0].mean(), canvas.places[..., 0] >= landmarks[:, 0].mean()):
        around = hairy[side & background & (rows < mouth)]
        if len(around) and float((around > 0.5).mean()) < DARK_BACKGROUND:  # nothing but hair looks like hair
            alike[side] = 1
    hair = hairy * np.maximum(head, alike)
    _, numbers = cv2.connectedComponents((hair > 0.5).astype(np.uint8), connectivity=4)
    hangs = np.isin(numbers, np.setdiff1d(numbers[known & (rows < brows)], [0])).astype(np.float32)
    return np.asarray(hair * cv2.GaussianBlur(cv2.dilate(hangs, np.ones((3, 3))), (0, 0), 1), np.float32)


def _like_hair(picture: np.ndarray, hair: np.ndarray, background: np.ndarray) -> np.ndarray:
    """(H, W) 1 for cells whose colours are those of `hair` nearby, and not those of `background`, (H, W) bool."""
    small = picture[::COARSER, ::COARSER]
    places = np.moveaxis(np.mgrid[: small.shape[0], : small.shape[1]], 0, -1) * (COARSER / NEAR)
    cells = np.concatenate([places, to_lab(small) / LIKE], axis=-1)
    known = [cells[part[::COARSER, ::COARSER]] for part in (hair, background)]
    if min(len(part) for part in known) == 0:
        return np.zeros(hair.shape)
    to_hair, to_wall = (cKDTree(part).query(cells, eps=0.5)[0] for part in known)
    alike = np.clip((to_wall / np.maximum(to_hair + to_wall, 1e-9) - UNSURE) / (SURE - UNSURE), 0, 1)
    return cv2.resize(alike, hair.shape[::-1], interpolation=cv2.INTER_LINEAR)
