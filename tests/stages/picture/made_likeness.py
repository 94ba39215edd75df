"""A likeness whose generator's frames are made: a still face that changes its colours as a test says."""

import cv2
import numpy as np
import torch

from stages.picture.head.canvas import Canvas
from stages.picture.head.course import course_of
from stages.picture.head.gesture import gesture_course
from stages.picture.tones.likeness import Likeness, likeness_of
from tests.stages.picture.made_heads import SIDE

FRAME = 160  # the generator's frames are half as large
WALL = 0.28  # of the picture's width


def likeness(
    canvas: Canvas,
    change: np.ndarray,
    tint: tuple[float, ...] = (0.0, 0.0, 0.0),
    shared: tuple[float, ...] = (0.0, 0.0, 0.0),
    light: float = 1.0,
) -> Likeness:
    """A still face in frames that look like the picture but for a tint, and by `change`, (S, S, 3), at the extreme.

    A shared tint is the picture's as well, but for the wall to the left, which is grey. The picture has less `light`.
    """
    head = canvas.figure.head
    rest = torch.zeros(2, 8)
    course = course_of(rest, torch.linspace(0, 1, 9)[:, None, None] * torch.ones(2, 8))
    landmarks = canvas.figure.rest[head.landmarks, :2] * FRAME / SIDE
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    picture = np.stack([90 + 60 * rows, 90 + 60 * columns, 130 - 40 * rows], axis=-1)
    picture = np.where(columns[..., None] < WALL, picture.mean(axis=-1, keepdims=True), picture + shared)
    base = cv2.resize(picture, (FRAME, FRAME), interpolation=cv2.INTER_AREA)
    frames = np.stack([np.clip(base + tint + place * change, 0, 255).astype(np.uint8) for place in course.keys[:, 0]])
    gestures = gesture_course(head, course, np.repeat(landmarks[None], len(course.keys), axis=0))
    return likeness_of(
        (light * picture).astype(np.uint8), canvas, frames, gestures, int(np.abs(course.keys[:, 0]).argmin())
    )
