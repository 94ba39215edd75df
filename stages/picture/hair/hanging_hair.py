"""Hair that hangs beside a face moves as one curtain, whatever the outline behind it does.

Beside a head everything goes where the outline goes (`stages.picture.around`). But as a head turns, ear, jaw and neck
move differently, and a strand that hangs down past all three would be bent like a wave.
"""

import cv2
import numpy as np

from stages.picture.hair.own_hair import Hair
from stages.picture.head.canvas import Canvas
from stages.picture.warping.raster import Drawn
from stages.picture.warping.warp import at_places

# Cells over which a curtain goes alike, down and across; the heads of all canvases are about as many cells high.
DOWN, ACROSS = 30.0, 5.0
FEWER = 5  # rows that are blurred as one
LIKELY = 0.5  # of a matte: from here on what is beside a head hangs on it
RIM = 2  # cells within the outline at rest: strands begin there
SOFT = 1.5  # cells over which a curtain's border is soft
ENOUGH = 0.05  # of a neighbourhood: less hair than that is no curtain
THIN, WIDE = 3.0, 9.0  # cells beside mouth and chin: hair so wide hangs not at all, and so wide hangs surely
CHIN, MOUTH = 8, [48, 54]  # of the landmarks


def curtains_of(canvas: Canvas, hair: Hair, matte: np.ndarray) -> np.ndarray:
    """How surely each cell of a picture at rest shows hair that hangs down past the mouth beside a face.

    Args:
        canvas: of the head.
        hair: of the picture.
        matte: (H, W) float32, 1 on the head, hair included, and 0 beside it.

    Returns:
        (H, W) float32; 0 on a side where hair ends above.
    """
    within = cv2.erode(canvas.drawn.whole.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=RIM)
    hangs = np.maximum(np.minimum(matte / LIKELY, 1) * (1 - within), hair.share).astype(np.float32)
    beside = hangs * (1 - canvas.drawn.whole)
    landmarks = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    mouth, chin = landmarks[MOUTH, 1].mean(), landmarks[CHIN, 1]
    columns, rows = canvas.places[..., 0], canvas.places[..., 1]
    for side in (columns < landmarks[:, 0].mean(), columns >= landmarks[:, 0].mean()):
        width = beside[side & (rows > mouth) & (rows < chin)].sum() / max(chin - mouth, 1.0)
        hangs[side] *= np.clip((width - THIN) / (WIDE - THIN), 0, 1)
    return hangs


def hanging_field(canvas: Canvas, curtains: np.ndarray, drawn: Drawn, beside: np.ndarray) -> np.ndarray:
    """What is beside a moved head, its curtains of hair levelled from above to below.

    Args:
        canvas: of the head at rest.
        curtains: (H, W) float32, as `curtains_of` gives them.
        drawn: the moved head.
        beside: (H, W, 2) float32 cells to go back, of everything beside it.

    Returns:
        (H, W, 2) float32.
    """
    if not curtains.any():
        return beside
    share = at_places(curtains, canvas.places + beside)
    weight = np.where(drawn.whole, 0, share).astype(np.float32)
    near = _levelled(weight)
    levelled = _levelled(beside * weight[..., None]) / np.maximum(near, 1e-6)[..., None]
    share = cv2.GaussianBlur(share, (0, 0), SOFT) * np.minimum(near / ENOUGH, 1)
    return np.asarray(beside + share[..., None] * (levelled - beside), np.float32)


def _levelled(values: np.ndarray) -> np.ndarray:
    """Blurred, on fewer rows: so wide a blur needs no more."""
    height, width = values.shape[:2]
    few = cv2.resize(values, (width, -(-height // FEWER)), interpolation=cv2.INTER_AREA)
    few = cv2.GaussianBlur(few, (0, 0), ACROSS, sigmaY=DOWN / FEWER)
    return cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
