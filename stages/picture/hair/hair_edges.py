"""Where hair ends, by its own colour: a head's matte made sharp where head and background differ.

A matte that ends at borders leaves a dark rim around hair that greys, and lights up a background that no border
separates from it. Close to the outline, each cell is compared with the head nearby and with the background; how much it
resembles each says how much of it is head.
"""

import cv2
import numpy as np
from scipy.spatial import cKDTree

HEAD, BACKGROUND = 0.95, 0.05  # of the matte: cells that are either for certain
RIM = 4  # cells of the outline that are looked at, on either side
CERTAIN = 2  # cells from the outline, beyond which the matte is believed
# One step of unlikeness: cells away, on the head and on a background, which looks the same over a longer way; levels of
# L*a*b* apart.
NEAR, NEAR_WALL, LIKE = 20.0, 60.0, 6.0
UNCLEAR, CLEAR = 1.0, 2.5  # steps between head and background: too near to tell, and far enough
# What is up to so much unlikelier than the most alike cell stands for it: found in a third of the time, in trees of
# plain halves, and as near as balanced trees come to it with 0.6.
NEARLY = 0.4
LOW, HIGH = 0.3, 0.6  # shares of the way from background to head that are none and all


def sharpened_matte(picture: np.ndarray, matte: np.ndarray, skull: np.ndarray) -> np.ndarray:
    """How much of each cell is head: (H, W) float32 in [0, 1].

    Args:
        picture: (H, W, 3) float32.
        matte: (H, W) float32, 1 on the head and 0 beside it, soft or unsure between.
        skull: (H, W) bool, where there is a head whatever its hair is like.
    """
    head, background = (matte > HEAD).astype(np.uint8), (matte < BACKGROUND).astype(np.uint8)
    rim = (_eroded(head, RIM) == 0) & (_eroded(background, RIM) == 0)
    ours, theirs = (_eroded(part, CERTAIN) > 0 for part in (head & skull.astype(np.uint8), background))
    if not (rim.any() and ours.any() and theirs.any()):
        return matte
    rows, columns = np.mgrid[: matte.shape[0], : matte.shape[1]]
    lab = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    places = np.stack([rows, columns], axis=-1)
    to_head, to_background = (
        _unlikeness(np.concatenate([places / near, lab / LIKE], axis=-1), rim, part)
        for near, part in ((NEAR, ours), (NEAR_WALL, theirs))
    )
    share = to_background / np.maximum(to_head + to_background, 1e-9)
    clear = np.clip((to_head + to_background - UNCLEAR) / (CLEAR - UNCLEAR), 0, 1)
    sharpened = matte.copy()
    sharpened[rim] += clear * (np.clip((share - LOW) / (HIGH - LOW), 0, 1) - matte[rim])
    return sharpened


def _unlikeness(cells: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """How far the cells (H, W, 5) of one mask are from the most alike of another: (N,), as many as `here` has."""
    tree = cKDTree(cells[there], balanced_tree=False, compact_nodes=False)
    distance: np.ndarray = tree.query(cells[here], eps=NEARLY)[0]
    return distance


def _eroded(mask: np.ndarray, cells: int) -> np.ndarray:
    eroded: np.ndarray = cv2.erode(mask, np.ones((2 * cells + 1, 2 * cells + 1), np.uint8), borderValue=1)
    return eroded
