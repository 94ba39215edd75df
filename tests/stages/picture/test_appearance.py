"""Colours that change along a course, taken from frames that are made to change."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.picture.appearance import appearance_changes
from stages.picture.body.trunk import trunk_share
from stages.picture.head.canvas import Canvas
from stages.picture.head.crown import crown_row
from stages.picture.head.gesture import GestureCourse
from stages.picture.head.jaw import below_jaw
from stages.picture.tones.likeness import Likeness
from tests.stages.picture.made_heads import SIDE
from tests.stages.picture.made_likeness import FRAME, likeness


def changes_of(face: Likeness) -> np.ndarray:
    """(H, W, 3) at the extreme."""
    coefficients = appearance_changes(face, *np.ones((2, *face.canvas.cells), np.float32))
    assert coefficients.shape == (3, *face.canvas.cells, 3) and coefficients.dtype == np.float32
    return np.tensordot(face.gestures.course.terms(np.ones(1)), coefficients, 1)


def test_a_place_of_the_picture_is_found_in_the_generators_frame(canvas: Canvas) -> None:
    at = likeness(canvas, np.zeros((FRAME, FRAME, 3))).places[0]
    rows, columns = np.nonzero(canvas.drawn.covered)
    pixels = (np.column_stack([columns, rows]) + 0.5) * canvas.step + (canvas.left, canvas.top)
    np.testing.assert_allclose(at[rows, columns], pixels * FRAME / SIDE, atol=0.6)


def test_frames_that_do_not_change_change_nothing(canvas: Canvas) -> None:
    assert np.abs(changes_of(likeness(canvas, np.zeros((FRAME, FRAME, 3))))).max() < 0.5


@pytest.mark.parametrize("change", [-30.0, 24.0])
def test_a_face_that_changes_changes_the_pictures_and_nothing_outside_its_window(canvas: Canvas, change: float) -> None:
    found = changes_of(likeness(canvas, np.full((FRAME, FRAME, 3), change)))
    figure = canvas.figure
    at = np.round(canvas.on_grid(figure.rest[figure.head.landmarks[[27, 30, 33, 48, 54]], :2])).astype(int)
    np.testing.assert_allclose(found[at[:, 1], at[:, 0]], change, rtol=0.2)
    assert (found[canvas.window == 0] == 0).all()


def test_of_a_change_that_is_not_meant_only_its_share_is_shown(canvas: Canvas) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 24.0))
    matte = np.ones(canvas.cells, np.float32)
    nothing, half, all_of_it = (appearance_changes(face, matte, matte, share).sum(axis=0) for share in (0.0, 0.5, 1.0))
    assert np.abs(nothing).max() < 0.5
    np.testing.assert_allclose(half[canvas.face].mean(), all_of_it[canvas.face].mean() / 2, rtol=0.1)


def test_what_becomes_another_colour_becomes_the_generators_and_not_its_complement(canvas: Canvas) -> None:
    tint = (15.0, 0.0, -15.0)
    face = likeness(canvas, np.array([60.0, 75.0, 90.0]) * np.ones((FRAME, FRAME, 1)), tint)
    found = changes_of(face)
    at = np.round(canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[27, 30]], :2])).astype(int)
    change = found[at[:, 1], at[:, 0]]
    assert (np.ptp(change, axis=1) < 25).all(), "a face that is less brown than the generator's turns blue"
    np.testing.assert_allclose(change.mean(axis=1), 75, rtol=0.2)


def test_a_hairline_that_creeps_recolours_no_hair(canvas: Canvas) -> None:
    """The generator's dark hair lightens in a band over the brows, as where its hairline rises."""
    face, crown = likeness(canvas, np.zeros((FRAME, FRAME, 3))), crown_row(canvas)
    rows = np.mgrid[:FRAME, :FRAME][0] - (crown * canvas.step[1] + canvas.top) * FRAME / SIDE
    face.frames[:, rows < 9] = 30
    for frame, place in zip(face.frames, face.gestures.course.keys[:, 0], strict=True):
        frame[(rows > -5) & (rows < 9)] = 30 + 200 * abs(place)
    dark = (canvas.places[..., 1] < crown + 12)[..., None]
    found = changes_of(replace(face, small_picture=np.where(dark, 30.0, face.small_picture).astype(np.float32)))
    assert np.abs(found[canvas.drawn.covered & (canvas.places[..., 1] < crown)]).max() < 12


def test_black_hair_that_greys_becomes_lighter_where_strands_are_seen_and_hardly_where_none_are(canvas: Canvas) -> None:
    face, crown = likeness(canvas, np.zeros((FRAME, FRAME, 3))), crown_row(canvas)
    rows = np.mgrid[:FRAME, :FRAME][0] - (crown * canvas.step[1] + canvas.top) * FRAME / SIDE
    for frame, place in zip(face.frames, face.gestures.course.keys[:, 0], strict=True):
        frame[rows < 9] = 30 + 130 * abs(place)
    hair = canvas.places[..., 1] < crown + 12
    inner = canvas.drawn.covered & (canvas.places[..., 1] < crown) & (canvas.outline < -4)
    lighter = []
    for strand in (0.0, 16.0):
        level = 30 + strand * np.where(canvas.places[..., 0] // 2 % 2, 1, -1)
        picture = np.where(hair[..., None], level[..., None], face.small_picture).astype(np.float32)
        lighter.append(float(changes_of(replace(face, small_picture=picture))[inner].mean()))
    assert lighter[0] < 0.4 * lighter[1] and lighter[1] > 60


def test_a_deep_fold_keeps_the_hue_of_skin_where_no_hair_is_recoloured(canvas: Canvas) -> None:
    """As a lid that darkens by a third: only a face whose hair greys takes other colours than its own."""
    tint = (60.0, 0.0, -40.0)
    face = likeness(canvas, np.zeros((FRAME, FRAME, 3)), tint=(-50.0, 0.0, 30.0), shared=tint)
    rows = np.mgrid[:FRAME, :FRAME][0] - (crown_row(canvas) * canvas.step[1] + canvas.top) * FRAME / SIDE
    face.frames[:, rows < 9] = 30
    nose = (canvas.figure.rest[canvas.figure.head.landmarks[30], :2] * FRAME / SIDE).astype(int)
    fold = (slice(nose[1] - 12, nose[1] + 12), slice(nose[0] - 12, nose[0] + 12))
    for frame, place in zip(face.frames, face.gestures.course.keys[:, 0], strict=True):
        frame[fold] = (frame[fold] * (1 - 0.7 * abs(place))).astype(np.uint8)
    dark = (canvas.places[..., 1] < crown_row(canvas) + 12)[..., None]
    picture = np.where(dark, 30.0, face.small_picture).astype(np.float32)
    found = picture + changes_of(replace(face, small_picture=picture))
    column, row = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[30], :2]).astype(int)
    before, after = picture[row, column], found[row, column]
    assert after.mean() < 0.6 * before.mean()
    assert (after - after.mean()) @ tint > 0.5 * (before - before.mean()) @ tint * after.mean() / before.mean()


def test_a_spot_that_greys_stays_where_it_is(canvas: Canvas) -> None:
    spot = canvas.figure.rest[canvas.figure.head.landmarks[30], :2] * FRAME / SIDE
    rows, columns = np.mgrid[:FRAME, :FRAME]
    near = np.exp(-((rows - spot[1]) ** 2 + (columns - spot[0]) ** 2) / (2 * 6**2))
    found = changes_of(likeness(canvas, 40 * near[..., None].repeat(3, axis=-1)))[..., 0]
    rows, columns = np.mgrid[: canvas.cells[0], : canvas.cells[1]]
    weight = np.maximum(found, 0)
    middle = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    np.testing.assert_allclose(middle, canvas.on_grid(spot * SIDE / FRAME), atol=4)
    assert found.max() > 15


@pytest.mark.parametrize(("lost", "least", "most"), [(0.15, 0.05, 0.3), (0.9, 0.7, 1.2)])
def test_skin_that_pales_keeps_its_colour_and_hair_that_greys_loses_it(
    canvas: Canvas, lost: float, least: float, most: float
) -> None:
    brown = np.array([40.0, 0.0, -45.0])
    found = changes_of(likeness(canvas, np.full((FRAME, FRAME, 3), -lost * brown), shared=tuple(brown)))
    at = np.round(canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[27, 30]], :2])).astype(int)
    share = -(found[at[:, 1], at[:, 0]] @ brown) / (brown @ brown)
    assert ((share > least) & (share < most)).all()


def test_a_face_in_the_dark_does_not_light_up(canvas: Canvas) -> None:
    change = np.full((FRAME, FRAME, 3), 60.0)
    at = np.round(canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[27, 30]], :2])).astype(int)
    bright, dark = (changes_of(likeness(canvas, change, light=light))[at[:, 1], at[:, 0]] for light in (1.0, 0.15))
    assert (dark < 0.3 * bright).all() and (dark > 0).all()


def test_a_picture_without_colours_stays_without(canvas: Canvas) -> None:
    face = likeness(canvas, np.array([-30.0, 10.0, 40.0]) * np.ones((FRAME, FRAME, 1)))
    grey = face.small_picture.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    found = changes_of(replace(face, small_picture=grey))
    assert np.abs(found).max() > 3
    assert np.ptp(found, axis=-1).max() < 1.5


def test_hair_that_falls_over_a_neck_keeps_its_colours_as_the_head_turns(
    canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the generator's neck does there is none of its business.
    monkeypatch.setattr(GestureCourse, "largest_turn", 0.3)
    head = canvas.figure.head
    neck = canvas.drawn.interpolate(head.triangles, below_jaw(head)[:, None])[..., 0] > 0.9
    neck &= trunk_share(canvas) < 0.05
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 30.0))
    right = canvas.places[..., 0] > canvas.on_grid(canvas.figure.rest[head.landmarks[30], :2])[0]
    picture = face.small_picture.copy()
    picture[neck] = np.median(picture[canvas.face], axis=0)
    picture[neck & right] = (30, 90, 30)
    found = np.abs(changes_of(replace(face, small_picture=picture))).max(axis=-1)
    inner = cv2.erode(neck.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.median(found[inner & right]) < 1 < 8 < np.median(found[inner & ~right])
