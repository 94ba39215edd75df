"""Where on a head hair grows, if any does."""

from stages.picture.head.canvas import Canvas

CHIN, BROWS = 8, slice(17, 27)  # of the landmarks
FOREHEAD = 0.45  # share of the height from brows to chin
HIGHEST = 0.4  # of the way from the canvas's upper end to the brows: the picture may end there


def crown_row(canvas: Canvas) -> float:
    """The row of the grid above which the skull has hair."""
    points = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    brows, chin = points[BROWS, 1].mean(), points[CHIN, 1]
    return float(max(brows - FOREHEAD * (chin - brows), HIGHEST * brows))
