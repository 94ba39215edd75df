"""Where what is around a head goes as the head turns.

It goes where the outline goes. But on the side that the head turns to, the new outline is of skin that was farther to
the front: hair stays with the rim that it stands on, and hides behind that skin.
"""

import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.warping.outline import outline_field
from stages.picture.warping.raster import Drawn
from stages.picture.warping.warp import at_places, fill

RIM = 1.5  # cells within the outline at rest on which hair stands
# Cosines between the way out of the outline and the head's own way: from the first on hair goes with its rim, from the
# second on it does nothing else.
BESIDE, AHEAD = -0.3, 0.0


def around_field(canvas: Canvas, moved: np.ndarray, drawn: Drawn) -> np.ndarray:
    """How far back each point beside a moved head goes.

    Args:
        canvas: of the head at rest.
        moved: (V, 3), its vertices.
        drawn: the moved head.

    Returns:
        (H, W, 2) float32 cells.
    """
    beside = outline_field(canvas.outline, drawn.whole, canvas.outwards)
    figure = canvas.figure
    ways = (moved - figure.rest)[:, :2] / canvas.step
    own = ways[figure.head.landmarks].mean(axis=0)
    rim = canvas.drawn.covered & (canvas.outline > -RIM)
    goes = fill(canvas.drawn.interpolate(figure.head.triangles, ways), rim.astype(np.float32))
    # What has gone to a point was where its way began.
    back = -at_places(goes, canvas.places - goes)
    ahead = canvas.outwards @ (own / max(float(np.linalg.norm(own)), 1e-6))
    share = np.clip((ahead - BESIDE) / (AHEAD - BESIDE), 0, 1)[..., None]
    return np.asarray(beside + share * (back - beside), np.float32)
