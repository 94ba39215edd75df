"""Eyes behind dark glasses or a patch do not close; those that are seen do."""

import cv2
import numpy as np
import pytest
import torch

from stages.picture.canvas import Canvas
from stages.picture.course import course_of
from stages.picture.gesture import GestureCourse
from stages.picture.hidden_eyes import hidden_eyes, with_eyes_left
from stages.picture.openings import outline
from tests.stages.picture.made_heads import made_fit, made_landmarks
from weights.networks.head import Head

SKIN, WHITE, IRIS, LENS = (200, 150, 130), (225, 222, 220), (60, 45, 40), (28, 26, 25)


def face(canvas: Canvas, hidden: tuple[bool, bool], iris: bool = True) -> np.ndarray:
    """A face of skin with two eyes, some behind a lens: (H, W, 3) float32 on the grid."""
    picture = np.full((*canvas.cells, 3), SKIN, np.uint8)
    for number, covered in enumerate(hidden):
        edge = canvas.on_grid(outline(canvas.figure.rest, canvas.figure.head.openings[number]))
        middle, width = edge.mean(axis=0), float(np.ptp(edge[:, 0]))
        at = (round(float(middle[0])), round(float(middle[1])))
        if covered:
            cv2.circle(picture, at, round(0.9 * width), LENS, -1)
        elif iris:
            cv2.fillPoly(picture, [np.round(edge).astype(np.int32)], WHITE)
            cv2.circle(picture, at, max(round(0.15 * width), 1), IRIS, -1)
    return picture.astype(np.float32)


@pytest.mark.parametrize("hidden", [(False, False), (True, True), (True, False), (False, True)])
def test_an_eye_is_hidden_where_lid_and_eye_are_one_and_are_no_skin(canvas: Canvas, hidden: tuple[bool, bool]) -> None:
    assert hidden_eyes(canvas, face(canvas, hidden)) == hidden


def test_a_statues_eyes_are_not_hidden(canvas: Canvas) -> None:
    assert hidden_eyes(canvas, face(canvas, (False, False), iris=False)) == (False, False)


def test_a_hidden_eye_stays_as_it_is(head: Head) -> None:
    rest = torch.zeros(2, 8)
    course = course_of(rest, torch.linspace(0, 1, 9)[:, None, None] * torch.ones(2, 8))
    fit = made_fit(head)
    count = len(head.names) + 2 + 136 + 2
    coefficients = np.random.default_rng(1).normal(size=(3, count))
    landmarks = np.repeat(made_landmarks(head, fit)[None], len(course.keys), axis=0)
    gestures = GestureCourse(course, fit, [fit] * len(course.keys), landmarks, coefficients)
    before, after = (one.at(np.ones(1)) for one in (gestures, with_eyes_left(gestures, head, (True, False))))
    assert after.closure[0] == 0 and after.closure[1] == before.closure[1]
    assert not after.residual[36:42].any()
    np.testing.assert_array_equal(after.residual[42:], before.residual[42:])
    changed = {head.names[index] for index in np.flatnonzero(after.expression != before.expression)}
    assert changed and all(name.startswith("eye") and name.endswith("_R") for name in changed)
