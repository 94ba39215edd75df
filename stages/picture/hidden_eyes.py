"""Eyes that a picture does not show, as behind dark glasses or a patch: they neither close nor open.

An eye is not one colour, and what is around it is skin. Where opening and surroundings are the same, and neither is
like the skin of the face, something lies before the eye, and a lid would be drawn on that.
"""

from dataclasses import replace

import cv2
import numpy as np

from stages.picture.canvas import Canvas
from stages.picture.gesture import GestureCourse
from stages.picture.openings import outline
from stages.picture.palette import to_lab
from weights.networks.head import Head

AROUND = 0.22  # of an eye's width: its surroundings
SAME, SPREAD, UNLIKE = 10.0, 9.0, 27.0  # levels of L*a*b*: between eye and surroundings; within them; from skin
# Of an eye's width; levels of L*a*b* that are one colour; share of it that is like what is before the other eye.
FARTHER, OF_ONE, MUCH = 0.8, 15.0, 0.25
FEWEST = 8  # cells
LEFT, RIGHT = slice(36, 42), slice(42, 48)  # of the landmarks
SKIN = [1, 2, 14, 15, 27, 28, 29, 30, 31, 35]  # of the landmarks: nose and cheeks


def hidden_eyes(canvas: Canvas, picture: np.ndarray) -> tuple[bool, bool]:
    """Whether the left and the right eye are hidden, as the viewer sees them; `picture` (H, W, 3) is on the grid."""
    lab = to_lab(picture)
    figure = canvas.figure
    points = canvas.on_grid(figure.rest[figure.head.landmarks[SKIN], :2])
    at = np.clip(np.round(points).astype(int), 0, np.array(canvas.cells[::-1]) - 1)
    skin = np.median(lab[at[:, 1], at[:, 0]], axis=0)
    colours = [_colour_before(canvas, lab, skin, number) for number in range(2)]
    left, right = (
        colours[number] is not None or (other is not None and _spreads_to(canvas, lab, other, number))
        for number, other in enumerate(colours[::-1])
    )
    return left, right


def with_eyes_left(gestures: GestureCourse, head: Head, hidden: tuple[bool, bool]) -> GestureCourse:
    """The course with hidden eyes as they are at rest."""
    coefficients = gestures.coefficients.copy()  # (P, E + 2 + 68 * 2 + 2)
    count = len(head.names)
    residual = coefficients[:, count + 2 : -2].reshape(len(coefficients), 68, 2)
    for number, (side, eye) in enumerate((("_R", LEFT), ("_L", RIGHT))):
        if hidden[number]:
            coefficients[:, count + 2 + 136 + number] = 0
            residual[:, eye] = 0
            own = [index for index, name in enumerate(head.names) if name.startswith("eye") and name.endswith(side)]
            coefficients[:, own] = 0
    coefficients[:, count + 2 : -2] = residual.reshape(len(coefficients), -1)
    return replace(gestures, coefficients=coefficients)


def _colour_before(canvas: Canvas, lab: np.ndarray, skin: np.ndarray, number: int) -> np.ndarray | None:
    """(3,) the colour of what lies before an eye; None where the eye is seen."""
    eye, around = _eye_and_around(canvas, number, AROUND)
    inside = lab[eye]
    if len(inside) < FEWEST or not around.any():
        return None
    own, beside = np.median(inside, axis=0), np.median(lab[around], axis=0)
    alike = np.linalg.norm(own - beside) < SAME and float(inside.std(axis=0).max()) < SPREAD
    hidden = alike and min(np.linalg.norm(own - skin), np.linalg.norm(beside - skin)) > UNLIKE
    return np.asarray(own) if hidden else None


def _spreads_to(canvas: Canvas, lab: np.ndarray, colour: np.ndarray, number: int) -> bool:
    """Whether what hides one eye is found before the other as well, which is hard to place behind dark glasses."""
    eye, around = _eye_and_around(canvas, number, FARTHER)
    return float((np.linalg.norm(lab[eye | around] - colour, axis=-1) < OF_ONE).mean()) > MUCH


def _eye_and_around(canvas: Canvas, number: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool each: an eye's opening, and what is around it, as far as a share of its width."""
    figure = canvas.figure
    edge = canvas.on_grid(outline(figure.rest, figure.head.openings[number]))
    eye = np.zeros(canvas.cells, np.uint8)
    cv2.fillPoly(eye, [np.round(edge).astype(np.int32)], 1)
    size = 2 * max(round(reach * float(np.ptp(edge[:, 0]))), 1) + 1
    return eye > 0, cv2.dilate(eye, np.ones((size, size), np.uint8)) > eye
