"""Ears as far out as the picture shows them.

No landmark holds an ear, and people's ears differ. One that stands out of the head's shape would be taken for something
beside the head: it would not hide behind a cheek that turns, nor come forward on the other side.
"""

from dataclasses import replace

import numpy as np

from stages.picture.canvas import Canvas
from stages.picture.figure import Figure
from stages.picture.warp import at_places

# Where ears are on the mean head, centimetres: away from its middle plane they begin and are wholly ears; their box
# from below to above and from behind to before; and over how much they end there.
BEGIN, WHOLLY = 6.8, 7.6
BELOW, ABOVE, BEHIND, BEFORE, END = -3.5, 5.0, -4.5, 1.5, 1.0
# Of the head's width: how far an ear's end is looked for inside and outside of the shape's outline.
INWARDS, OUTWARDS = 0.06, 0.13
NEAR, STEP = 2.5, 0.5  # cells: from the outline to the vertices that make it; how finely is looked
WIDE = 1.2  # centimetres over which neighbouring vertices agree
FEW = 0.3  # vertices whose word is doubted


def with_ears(figure: Figure, canvas: Canvas, matte: np.ndarray) -> Figure:
    """The figure with ears that end where the picture's do.

    Args:
        figure: as the landmarks have it.
        canvas: of that figure.
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.
    """
    neutral, at = figure.head.neutral, canvas.on_grid(figure.rest[:, :2])
    ears, away = ear_share(neutral), at_places(canvas.outwards, at)  # (V,), (V, 2)
    known = np.flatnonzero((ears > 0.5) & (np.abs(at_places(canvas.outline, at)) < NEAR))
    steps = np.arange(-INWARDS * canvas.head_width, OUTWARDS * canvas.head_width, STEP, dtype=np.float32)
    beside = np.stack([at_places(matte, at[known] + step * away[known]) < 0.5 for step in steps], axis=1)  # (N, steps)
    # What has no end within reach is no ear: hair, or a wall of the same colour.
    ends = beside.any(axis=1)
    known, out = known[ends], steps[beside[ends].argmax(axis=1)]
    pixels = out[:, None] * away[known] * canvas.step  # (N, 2)
    apart = np.square(neutral[:, None] - neutral[known]).sum(axis=2)  # (V, N)
    share = np.exp(-apart / (2 * WIDE**2))
    moved = ears[:, None] * (share @ pixels) / (share.sum(axis=1, keepdims=True) + FEW)  # (V, 2)
    plane = np.column_stack([moved * (1, -1) / figure.fit.scale, np.zeros(len(moved))])
    return replace(figure, ears=plane @ figure.fit.rotation)


def ear_share(neutral: np.ndarray) -> np.ndarray:
    """(V, 3) -> (V,): 1 on the ears, 0 elsewhere, between them a slope."""
    x, y, z = np.abs(neutral[:, 0]), neutral[:, 1], neutral[:, 2]
    inside = np.minimum(np.minimum(y - BELOW, ABOVE - y), np.minimum(z - BEHIND, BEFORE - z)) / END
    ears: np.ndarray = np.clip((x - BEGIN) / (WHOLLY - BEGIN), 0, 1) * np.clip(inside, 0, 1)
    return ears
