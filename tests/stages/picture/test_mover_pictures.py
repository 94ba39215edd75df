"""Pictures of any size, with the face anywhere, several faces, or a face that is not at rest."""

import tracemalloc

import numpy as np
import pytest
from torch import Tensor

from stages.models import Models
from stages.picture.head.figure import rim_gaps
from tests.stages.picture.made_movers import changed, check_moves_within_its_window, may_change, move
from tests.stages.picture.portraits import Portrait, face_hull


@pytest.mark.parametrize(
    ("share", "place"),
    [(0.33, (96, 105, 0, 0)), (1.0, (301, 211, 9, -109))],
    ids=["a face of 60 pixels", "odd, not square, half of the face outside"],
)
@pytest.mark.slow
def test_any_size_and_place_will_do(
    models: Models,
    portrait: Portrait,
    directions: dict[str, Tensor],
    share: float,
    place: tuple[int, int, int, int],
) -> None:
    check_moves_within_its_window(move(models, portrait.scaled(share).placed(*place), directions["smile"]))


@pytest.mark.slow
def test_a_huge_picture_needs_memory_for_its_head_alone(
    models: Models, portrait: Portrait, directions: dict[str, Tensor]
) -> None:
    huge = portrait.scaled(5.0).placed(4000, 6000, 1200, 2100)
    tracemalloc.start()
    try:
        mover = move(models, huge, directions["smile"])
        frame = mover.frame(mover.course.places[-1])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 250e6  # the frame alone has 72; one field of floats for the whole picture would have 192
    moved = changed(mover, frame)
    assert moved[mover.canvas.box].any()
    moved[mover.canvas.box] = False
    assert not moved.any()
    assert max(mover.canvas.cells) <= 224


@pytest.mark.slow
def test_of_several_faces_the_others_stay(models: Models, portrait: Portrait, directions: dict[str, Tensor]) -> None:
    both = portrait.placed(320, 640, 0, 320)
    both.picture[:, :320] = portrait.picture[:, ::-1]
    mover = move(models, both, directions["smile"])
    moved = changed(mover, mover.frame(mover.course.places[-1]))
    assert moved[face_hull(both)].any()
    assert not moved[np.roll(face_hull(both), -320, axis=1)].any()
    assert not moved[~may_change(mover)].any()


@pytest.mark.parametrize(("rest", "motion"), [("smile", "smile"), ("eyes_closed", "smile")])
@pytest.mark.slow
def test_faces_that_smile_or_have_shut_their_eyes_move_from_there(
    models: Models, clips: dict[str, list[Portrait]], directions: dict[str, Tensor], rest: str, motion: str
) -> None:
    mover = move(models, clips[rest][1], directions[motion])
    check_moves_within_its_window(mover)
    figure = mover.canvas.figure
    for place in mover.course.places:
        moved = figure.moved(mover.likeness.gestures.at(place))
        for rims in figure.head.openings:
            assert rim_gaps(moved, rims)[1][1:-1].min() > -0.05
