"""Eyes behind dark glasses do not close and a mouth behind a mask does not open; those that are seen do."""

import cv2
import numpy as np
import pytest
import torch

from stages.picture.head.canvas import Canvas
from stages.picture.head.course import course_of
from stages.picture.head.gesture import GestureCourse
from stages.picture.openings.hidden_parts import cover_of, hidden_parts, with_parts_left
from stages.picture.openings.openings import outline
from tests.stages.picture.made_heads import made_fit, made_landmarks
from weights.networks.head import Head

SKIN, WHITE, IRIS, LENS = (200, 150, 130), (225, 222, 220), (60, 45, 40), (28, 26, 25)
LIPS, MASK = (170, 90, 90), (150, 190, 215)


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


def made_course(head: Head) -> GestureCourse:
    """Of all that a face can do at once."""
    rest = torch.zeros(2, 8)
    course = course_of(rest, torch.linspace(0, 1, 9)[:, None, None] * torch.ones(2, 8))
    fit = made_fit(head)
    coefficients = np.random.default_rng(1).normal(size=(3, len(head.names) + 2 + 136 + 2))
    landmarks = np.repeat(made_landmarks(head, fit)[None], len(course.keys), axis=0)
    return GestureCourse(course, fit, [fit] * len(course.keys), landmarks, coefficients)


def with_mouth(canvas: Canvas, picture: np.ndarray, masked: bool) -> np.ndarray:
    """The same face with lips, or with a mask from the nose down."""
    points = np.round(canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])).astype(np.int32)
    shown = picture.copy()
    cv2.fillPoly(shown, [points[2:15] if masked else points[48:60]], MASK if masked else LIPS)
    return shown


def hidden(canvas: Canvas, picture: np.ndarray) -> tuple[bool, ...]:
    return tuple(colour is not None for colour in hidden_parts(canvas, picture))


@pytest.mark.parametrize("eyes", [(False, False), (True, True), (True, False), (False, True)])
@pytest.mark.parametrize("mask", [False, True])
def test_a_part_is_hidden_where_it_and_its_surroundings_are_one_and_are_no_skin(
    canvas: Canvas, eyes: tuple[bool, bool], mask: bool
) -> None:
    assert hidden(canvas, with_mouth(canvas, face(canvas, eyes), mask)) == (*eyes, mask)


def test_a_statues_eyes_and_pale_lips_are_not_hidden(canvas: Canvas) -> None:
    assert hidden(canvas, face(canvas, (False, False), iris=False)) == (False, False, False)


def test_what_hides_an_eye_is_covered_and_nothing_else(canvas: Canvas) -> None:
    picture = face(canvas, (True, False))
    cover = cover_of(canvas, picture, hidden_parts(canvas, picture))
    lens = (picture == LENS).all(axis=2).astype(np.uint8)
    assert cover[lens > 0].mean() > 0.9
    assert cover[cv2.dilate(lens, np.ones((11, 11), np.uint8)) == 0].max() < 0.01


def test_a_hidden_mouth_does_not_open(head: Head) -> None:
    gestures = made_course(head)
    before, after = (one.at(np.ones(1)) for one in (gestures, with_parts_left(gestures, head, (False, False, True))))
    assert not after.residual[48:].any()
    np.testing.assert_array_equal(after.closure, before.closure)
    changed = {head.names[index] for index in np.flatnonzero(after.expression != before.expression)}
    assert {"jawOpen", "mouthSmile_L"} < changed and all(name.startswith(("mouth", "jaw")) for name in changed)


def test_a_hidden_eye_stays_as_it_is(head: Head) -> None:
    gestures = made_course(head)
    before, after = (one.at(np.ones(1)) for one in (gestures, with_parts_left(gestures, head, (True, False, False))))
    assert after.closure[0] == 0 and after.closure[1] == before.closure[1]
    assert not after.residual[36:42].any()
    np.testing.assert_array_equal(after.residual[42:], before.residual[42:])
    changed = {head.names[index] for index in np.flatnonzero(after.expression != before.expression)}
    assert changed and all(name.startswith("eye") and name.endswith("_R") for name in changed)
