"""Shoulders, collars and the wall beside them are no head, and nothing there changes its colour."""

import numpy as np

from stages.picture.appearance import appearance_changes
from stages.picture.body.trunk import trunk_share
from stages.picture.head.canvas import Canvas
from tests.stages.picture.made_likeness import FRAME, likeness

ASIDE = 8.6  # centimetres from the middle plane


def places(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Cells (N, 2), column and row: down the throat, and beside it at the same height."""
    nose, chin = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[30, 8]], :2])
    rows = np.linspace(chin[1] + 6, min(chin[1] + 22, canvas.cells[0] - 4), 6)
    throat = np.column_stack([np.full(6, nose[0]), rows])
    aside = np.array([ASIDE * canvas.figure.fit.scale / canvas.step[0], 0.0])
    return throat.round().astype(int), (throat + aside).round().astype(int)


def test_what_is_beside_a_throat_is_no_head(canvas: Canvas) -> None:
    share, (throat, aside) = trunk_share(canvas), places(canvas)
    mouth = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[48, 54]], :2])[:, 1].mean()
    assert share[canvas.places[..., 1] < mouth - 4].max() == 0
    assert share[throat[:3, 1], throat[:3, 0]].max() < 0.1
    assert share[aside[:, 1], aside[:, 0]].min() > 0.8


def test_a_coat_does_not_change_with_the_face(canvas: Canvas) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 24.0))
    coefficients = appearance_changes(face, *np.ones((2, *canvas.cells), np.float32))
    change = np.abs(np.tensordot(face.gestures.course.terms(np.ones(1)), coefficients, 1)).max(axis=2)
    throat, aside = places(canvas)
    assert change[throat[:3, 1], throat[:3, 0]].min() > 5
    assert change[aside[:, 1], aside[:, 0]].max() < 3
