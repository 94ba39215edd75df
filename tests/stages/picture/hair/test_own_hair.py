"""Hair on the side that a turn brings into view is the picture's own, and the ear before it stays bare."""

import cv2
import numpy as np
import pytest

from stages.picture.fields import Fields, OwnPixels, fields_of
from stages.picture.hair.own_hair import hair_of
from stages.picture.head.canvas import Canvas
from stages.picture.head.head_parts import ear_share
from tests.stages.picture.made_heads import made_gesture, plain
from weights.networks.head import Head

SKIN, HAIR, WALL = (210.0, 160.0, 130.0), (60.0, 45.0, 35.0), (190.0, 200.0, 210.0)
TURN = np.radians(16.0)


def rows_of(canvas: Canvas, *landmarks: int) -> list[float]:
    points = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[list(landmarks)], :2])
    return [float(row) for row in points[:, 1]]


def portrait(canvas: Canvas, wall: tuple[float, float, float] = WALL) -> tuple[np.ndarray, np.ndarray]:
    """A face under thick hair that ends at the eyes' corners: the picture (H, W, 3), and its matte (H, W)."""
    head = canvas.drawn.whole.astype(np.uint8)
    (eyes, brows) = rows_of(canvas, 36, 19)
    above = canvas.places[..., 1] < eyes
    thick = cv2.dilate(head, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))) > 0
    inner = cv2.erode(head, np.ones((25, 25), np.uint8)) > 0
    hair = above & thick & ~(inner & (canvas.places[..., 1] > brows - 20))
    picture = np.where(hair[..., None], HAIR, np.where(head[..., None] > 0, SKIN, wall)).astype(np.float32)
    return picture, ((head > 0) | hair).astype(np.float32)


def turned(canvas: Canvas, picture: np.ndarray, matte: np.ndarray, head: Head, turn: float = TURN) -> Fields:
    moved = canvas.figure.moved(made_gesture(head, yaw=turn))
    return fields_of(canvas, OwnPixels(canvas, picture, matte), moved, turn)


def test_hair_is_told_from_skin_and_wall(canvas: Canvas) -> None:
    picture, matte = portrait(canvas)
    share = hair_of(canvas, picture, matte).share
    hair = cv2.erode((picture == HAIR).all(axis=2).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    near = cv2.dilate((picture == HAIR).all(axis=2).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert share[hair].mean() > 0.9
    assert share[~near].max() < 0.1


def test_a_wall_as_dark_as_hair_is_no_hair(canvas: Canvas) -> None:
    picture, matte = portrait(canvas, wall=(48.0, 48.0, 52.0))
    beside = (matte == 0) & (canvas.window < 0.2)
    assert hair_of(canvas, picture, matte).share[beside].mean() < 0.1


def test_a_head_without_hair_has_none(canvas: Canvas) -> None:
    hair = hair_of(canvas, plain(canvas), np.ones(canvas.cells, np.float32))
    assert not hair.share.any()
    assert not hair.grown.any()


def test_hair_that_comes_into_view_is_the_pictures_own(canvas: Canvas, head: Head) -> None:
    picture, matte = portrait(canvas)
    ours, without = turned(canvas, picture, matte, head), turned(canvas, plain(canvas), matte, head)
    assert ours.unseen is not None and without.unseen is not None
    (brows,) = rows_of(canvas, 19)
    temple = (without.unseen > 0.6) & (canvas.places[..., 1] < brows - 10)
    assert np.count_nonzero(temple) > 100
    assert ours.unseen[temple].mean() < 0.25


def test_hair_on_the_head_and_beside_it_has_no_seam(canvas: Canvas, head: Head) -> None:
    picture, matte = portrait(canvas)
    fields = turned(canvas, picture, matte, head)
    assert fields.around is not None and fields.covered is not None
    (brows,) = rows_of(canvas, 19)
    rim = (np.abs(fields.covered - 0.5) < 0.3) & (np.abs(canvas.places[..., 1] - brows + 20) < 15)
    rim &= canvas.places[..., 0] < canvas.cells[1] / 2
    apart = np.linalg.norm(fields.head - fields.around, axis=2) / canvas.step.mean()
    assert rim.any()
    assert np.median(apart[rim]) < 0.5


def with_curls(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """That portrait with hair over its ears, down to the mouth, and its matte."""
    picture, matte = portrait(canvas)
    (mouth,) = rows_of(canvas, 48)
    curls = (canvas.places[..., 1] < mouth) & (canvas.outline > -12) & (canvas.outline < 15)
    return np.where(curls[..., None], np.array(HAIR, np.float32), picture), np.maximum(matte, curls)


def test_hair_over_an_ear_shows_no_ear_of_the_generator(canvas: Canvas, head: Head) -> None:
    slight = np.radians(5.0)  # too little for hair to be spread
    covered, bare = (turned(canvas, *made, head, slight) for made in (with_curls(canvas), portrait(canvas)))
    assert covered.unseen is not None and bare.unseen is not None and bare.drawn is not None
    ear = bare.drawn.interpolate(head.triangles, ear_share(head.neutral)[:, None])[..., 0] > 0.5
    assert bare.unseen[ear].max() > 0.9
    assert covered.unseen[ear].max() < 0.3


def test_a_crown_in_the_light_leaves_hair_to_be_told_beside_the_cheeks(canvas: Canvas) -> None:
    picture, matte = with_curls(canvas)
    (brows,) = rows_of(canvas, 19)
    lit = (picture == HAIR).all(axis=2) & (canvas.places[..., 1] < brows - 5)
    picture[lit] = SKIN
    share = hair_of(canvas, picture, matte).share
    beside = cv2.erode((picture == HAIR).all(axis=2).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    rows = canvas.places[..., 1]
    assert share[beside & (rows < brows + 25)].mean() > 0.6
    assert share[canvas.outline < -20].max() < 0.1


@pytest.mark.parametrize("covered", [False, True])
def test_an_ear_is_bare_where_no_hair_hangs_over_it(canvas: Canvas, head: Head, covered: bool) -> None:
    picture, matte = with_curls(canvas) if covered else portrait(canvas)
    ears = hair_of(canvas, picture, matte).ears[ear_share(head.neutral) > 0.8]
    assert (ears.mean() < 0.3) if covered else (ears.mean() > 0.5)
