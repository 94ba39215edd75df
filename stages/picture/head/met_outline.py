"""Ears and foreheads moved out to where the picture shows them.

No landmark marks either, and they differ between people. Without this, what stands out of the head's shape is taken for
something beside the head: an ear does not hide behind a cheek that turns, nor come forward on the other side, and the
rim of a forehead stays with the background while the rest turns away from it.
"""

from dataclasses import dataclass, replace

import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.head.figure import Figure
from stages.picture.head.head_parts import ear_share, forehead_share
from stages.picture.warping.warp import at_places

NEAR, STEP = 2.5, 0.5  # cells: from the outline to the vertices that make it; how finely is looked
FEW = 0.3  # vertices whose word is doubted
HAIR = 0.5  # of its share: where so much grows before the end, that is the hair's


@dataclass(frozen=True)
class Search:
    """For a part's end.

    Attributes:
        inside, outside: how far from the shape's outline it is looked for, of the head's width.
        wide: centimetres over which neighbouring vertices agree.
    """

    inside: float
    outside: float
    wide: float


EARS = Search(0.06, 0.13, 1.2)
FOREHEAD = Search(0.0, 0.1, 2.0)


def with_outline_met(canvas: Canvas, matte: np.ndarray, hair: np.ndarray) -> Figure:
    """The canvas's figure with ears and a forehead that end where the picture's do.

    Args:
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.
        hair: (H, W) float32, how surely each cell shows hair or a hat: behind those a forehead's end is not seen.
    """
    figure = canvas.figure
    ears = _outward(canvas, matte, np.zeros_like(hair), ear_share(figure.head.neutral), EARS)
    forehead = _outward(canvas, matte, hair, forehead_share(figure.head), FOREHEAD)
    return replace(figure, outward=ears + forehead)


def _outward(canvas: Canvas, matte: np.ndarray, hair: np.ndarray, part: np.ndarray, search: Search) -> np.ndarray:
    """By how much the matte ends farther out than the vertices of one part, (V,) its share of each: (V, 3) centimetres.

    Hair that grows before that end leaves the part as the landmarks have it.
    """
    figure = canvas.figure
    neutral, at = figure.head.neutral, canvas.on_grid(figure.rest[:, :2])
    away = at_places(canvas.outwards, at)  # (V, 2)
    known = np.flatnonzero((part > 0.5) & (np.abs(at_places(canvas.outline, at)) < NEAR))
    first, last = -search.inside * canvas.head_width, search.outside * canvas.head_width
    steps = np.arange(first, last, STEP, dtype=np.float32)
    ways = at[known, None] + steps[:, None] * away[known, None]  # (N, steps, 2)
    beyond = np.maximum.accumulate(at_places(matte, ways) < 0.5, axis=1)  # (N, steps)
    hairy = (~beyond & (at_places(hair, ways) >= HAIR)).any(axis=1)
    # What has no end within reach is neither ear nor skin: hair, or a background of the same colour.
    reached = beyond.any(axis=1) | hairy
    out = np.where(hairy, 0, steps[beyond.argmax(axis=1)])[reached]  # (M,)
    known = known[reached]
    pixels = out[:, None] * away[known] * canvas.step  # (M, 2)
    apart = np.square(neutral[:, None] - neutral[known]).sum(axis=2)  # (V, M)
    share = np.exp(-apart / (2 * search.wide**2))
    moved = part[:, None] * (share @ pixels) / (share.sum(axis=1, keepdims=True) + FEW)  # (V, 2)
    plane = np.column_stack([moved * (1, -1) / figure.fit.scale, np.zeros(len(moved))])
    outward: np.ndarray = plane @ figure.fit.rotation
    return outward
