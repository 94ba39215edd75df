"""Eyes and mouths that a picture does not show, behind dark glasses, a patch or a mask: they are left as they are.

An eye is not of one colour, and lips differ in colour from the skin around them. If a part and its surroundings have
the same colour, and neither is like the skin of the face, something lies in front of it, and a lid or teeth would be
drawn on that.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.head.gesture import GestureCourse
from stages.picture.openings.openings import outline
from stages.picture.tones.palette import to_lab
from weights.networks.head import Head

AROUND = 0.22  # of a part's width: its surroundings
SAME, SPREAD, UNLIKE = 10.0, 9.0, 27.0  # levels of L*a*b*: between part and surroundings; within them; from skin
# Of an eye's width; levels of L*a*b* that are one colour; share of it that is like what is before the other eye.
FARTHER, OF_ONE, MUCH = 0.8, 15.0, 0.25
FEWEST = 8  # cells
SOFT = 1.0  # cells
EYES, MOUTH = (0, 1), 2  # of the parts, as of the head's openings
LIPS = slice(48, 60)  # of the landmarks
PARTS = (slice(36, 42), slice(42, 48), slice(48, 68))
# How the names of a part's expressions begin and end.
OWN = ((("eye",), "_R"), (("eye",), "_L"), (("mouth", "jaw"), ""))
# Of the landmarks: nose and cheeks, which glasses leave free; places between the brows, which a mask leaves free.
BELOW_GLASSES, ABOVE_MASK = [1, 2, 14, 15, 27, 28, 29, 30, 31, 35], ([21, 22], [21, 22, 27], [27])


def hidden_parts(canvas: Canvas, picture: np.ndarray) -> list[np.ndarray | None]:
    """What lies before the left and the right eye, as the viewer sees them, and the mouth.

    Args:
        picture: (H, W, 3) float32 on the grid.

    Returns:
        For each its colour, (3,) L*a*b*; None where the part is seen.
    """
    lab, head = to_lab(picture), canvas.figure.head
    points = canvas.on_grid(canvas.figure.rest[head.landmarks, :2])
    below, above = (
        _skin(lab, points[BELOW_GLASSES]),
        _skin(lab, np.stack([points[part].mean(axis=0) for part in ABOVE_MASK])),
    )
    found = [
        _colour_before(lab, above if part == MOUTH else below, *_part_and_around(canvas, part, AROUND))
        for part in (*EYES, MOUTH)
    ]
    for eye, other in (EYES, EYES[::-1]):
        colour = found[other]
        if found[eye] is None and colour is not None:  # an eye is hard to place behind dark glasses
            within = np.logical_or(*_part_and_around(canvas, eye, FARTHER))
            if (_apart(lab, colour)[within] < OF_ONE).mean() > MUCH:
                found[eye] = colour
    return found


def with_parts_left(gestures: GestureCourse, head: Head, hidden: Sequence[bool]) -> GestureCourse:
    """The course with hidden parts as they are at rest."""
    coefficients = gestures.coefficients.copy()  # (P, E + 2 + 68 * 2 + 2)
    count = len(head.names)
    ways = coefficients[:, count + 2 : -2].reshape(len(coefficients), 68, 2).copy()
    for number, (starts, end) in enumerate(OWN):
        if hidden[number]:
            ways[:, PARTS[number]] = 0
            own = [index for index, name in enumerate(head.names) if name.startswith(starts) and name.endswith(end)]
            coefficients[:, own] = 0
            if number in EYES:
                coefficients[:, count + 2 + 136 + number] = 0
    coefficients[:, count + 2 : -2] = ways.reshape(len(coefficients), -1)
    return replace(gestures, coefficients=coefficients)


def cover_of(canvas: Canvas, picture: np.ndarray, hidden: Sequence[np.ndarray | None]) -> np.ndarray:
    """(H, W) float32: 1 on what hides parts, which changes no colour as a face does; 0 elsewhere."""
    lab, cover = to_lab(picture), np.zeros(canvas.cells, np.float32)
    for part, colour in enumerate(hidden):
        if colour is None:
            continue
        alike = (_apart(lab, colour) < OF_ONE).astype(np.uint8)
        _, numbers = cv2.connectedComponents(alike, connectivity=4)
        before = np.setdiff1d(numbers[np.logical_or(*_part_and_around(canvas, part, FARTHER))], [0])
        cover = np.maximum(cover, np.isin(numbers, before).astype(np.float32))
    return cv2.GaussianBlur(cv2.dilate(cover, np.ones((3, 3), np.uint8)), (0, 0), SOFT)


def _skin(lab: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(3,) the median colour at points (N, 2) of the grid."""
    at = np.clip(np.round(points).astype(int), 0, np.array(lab.shape[1::-1]) - 1)
    skin: np.ndarray = np.median(lab[at[:, 1], at[:, 0]], axis=0)
    return skin


def _colour_before(lab: np.ndarray, skin: np.ndarray, part: np.ndarray, around: np.ndarray) -> np.ndarray | None:
    inside = lab[part]
    if len(inside) < FEWEST or not around.any():
        return None
    own, beside = np.median(inside, axis=0), np.median(lab[around], axis=0)
    alike = np.linalg.norm(own - beside) < SAME and float(inside.std(axis=0).max()) < SPREAD
    away = min(float(np.linalg.norm(colour - skin)) for colour in (own, beside))
    return np.asarray(own) if alike and away > UNLIKE else None


def _part_and_around(canvas: Canvas, part: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool each: an eye's opening or both lips, and what is around, as far as a share of their width."""
    figure = canvas.figure
    lips = figure.rest[figure.head.landmarks[LIPS], :2]
    edge = canvas.on_grid(lips if part == MOUTH else outline(figure.rest, figure.head.openings[part]))
    mask = np.zeros(canvas.cells, np.uint8)
    cv2.fillPoly(mask, [np.round(edge).astype(np.int32)], 1)
    size = 2 * max(round(reach * float(np.ptp(edge[:, 0]))), 1) + 1
    return mask > 0, cv2.dilate(mask, np.ones((size, size), np.uint8)) > mask


def _apart(lab: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """(H, W) levels between each cell's colour and another."""
    apart: np.ndarray = np.linalg.norm(lab - colour, axis=-1)
    return apart
