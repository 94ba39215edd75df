"""Which of a picture's cells belong to the head, hair and hat included, and which to the background behind it.

A cell outside the skull belongs to the head if little lies between the two: distance, and above all borders that have
to be crossed (the geodesic distance of Bai and Sapiro, ICCV 2007). If hair ends at an edge, the head ends there; where
dark hair lies before a dark background the matte fades out, and no edge shows. Strands that no path leads to belong to
the head as well if they look like what is on the skull and unlike the background.
"""

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from stages.picture.head.canvas import Canvas

SHRUNK = 2  # distances are measured on a grid so much coarser
FADE = 40.0  # cells of that grid over which a head ends without any border
BORDER, TEXTURE = 9.0, 2.0  # of L*a*b*: a step that is a whole border; steps that are none
INSIDE = 0.07  # of the head's width: so deep inside the skull's outline all is head
SMOOTHED = 5  # cells over which strands of hair are levelled
SOFT = 1.0
# Of the canvas's window: cells that are background for certain; at least so many are compared with.
BACKGROUND, FEWEST = 0.2, 60
NEAR, LIKE = 20.0, 8.0  # one step of unlikeness: cells away; levels of L*a*b* apart
UNSURE, SURE = 0.62, 0.78  # how much unlikelier the background is than the skull, as a share of both
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


def head_matte(canvas: Canvas, small_picture: np.ndarray) -> np.ndarray:
    """How much of each cell is head.

    Args:
        canvas: where the skull is.
        small_picture: (H, W, 3) float32, the picture on its grid.

    Returns:
        (H, W) float32 in [0, 1].
    """
    height, width = (max(count // SHRUNK, 2) for count in canvas.cells)
    small = cv2.resize(np.clip(small_picture, 0, 255) / 255, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32), cv2.COLOR_RGB2LAB)
    lab = cv2.merge([cv2.medianBlur(part, SMOOTHED) for part in cv2.split(lab)])
    skull = cv2.resize(canvas.drawn.covered.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    deep = max(round(INSIDE * canvas.head_width / SHRUNK), 1)
    inner = cv2.erode(skull.astype(np.uint8), np.ones((2 * deep + 1, 2 * deep + 1), np.uint8)) > 0
    if not inner.any():
        return np.zeros(canvas.cells, np.float32)
    away = cv2.resize(canvas.window, (width, height), interpolation=cv2.INTER_LINEAR) < BACKGROUND
    distance = dijkstra(_graph(lab), indices=np.flatnonzero(inner.ravel()), min_only=True).reshape(height, width)
    joined, alike = np.clip(1 - np.minimum(distance, 1.0), 0, 1), _like_head(lab, inner, away)
    head = np.maximum(joined, alike).astype(np.float32)
    wide = cv2.resize(head * head * (3 - 2 * head), canvas.cells[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(wide, (0, 0), SOFT)


def _like_head(lab: np.ndarray, inner: np.ndarray, away: np.ndarray) -> np.ndarray:
    """(h, w) 1 for cells whose colours are found nearby on the skull (`inner`), and not on the background (`away`)."""
    if np.count_nonzero(away) < FEWEST:
        return np.zeros(inner.shape)
    places = np.moveaxis(np.mgrid[: lab.shape[0], : lab.shape[1]], 0, -1) / NEAR
    cells = np.concatenate([places, lab / LIKE], axis=-1)
    near_head, near_wall = (
        cKDTree(cells[part], balanced_tree=False, compact_nodes=False).query(cells, eps=0.4)[0]
        for part in (inner, away)
    )
    share = near_wall / np.maximum(near_head + near_wall, 1e-9)
    alike: np.ndarray = np.clip((share - UNSURE) / (SURE - UNSURE), 0, 1)
    return alike


def _graph(lab: np.ndarray) -> sparse.csr_matrix:
    """What it costs to go from each cell to its neighbours; 1 ends the head."""
    height, width = lab.shape[:2]
    numbers = np.arange(height * width).reshape(height, width)
    starts, ends, costs = [], [], []
    for down, across in STEPS:
        here = slice(0, height - down), slice(max(-across, 0), width - max(across, 0))
        there = slice(down, height), slice(max(across, 0), width - max(-across, 0))
        step = np.linalg.norm(lab[here] - lab[there], axis=-1)
        costs.append((np.hypot(down, across) / FADE + np.maximum(step - TEXTURE, 0) / BORDER).ravel())
        starts.append(numbers[here].ravel())
        ends.append(numbers[there].ravel())
    graph = (np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends)))
    one_way = sparse.coo_matrix(graph, shape=(numbers.size, numbers.size))
    return (one_way + one_way.T).tocsr()
