"""A render's teeth as a picture would show them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.picture.head.canvas import Canvas
from stages.picture.openings.openings import Box, outline
from stages.picture.openings.teeth import Teeth, teeth_of, tint_of, towards
from stages.picture.tones.palette import Palette
from tests.stages.picture.made_heads import SIDE
from tests.stages.picture.made_likeness import FRAME, likeness

SKIN = np.array([200.0, 140.0, 100.0])
PALE = np.array([215.0, 175.0, 150.0])
RENDERED = np.zeros((20, 40, 3), np.float32) + np.linspace(60, 240, 40, dtype=np.float32)[None, :, None]


def teeth(stone: float = 0.0, picture: np.ndarray | None = None) -> Teeth:
    """Of a picture of many colours, where none is given."""
    if picture is None:
        picture = np.random.default_rng(1).uniform(0, 255, (40, 48, 3)).astype(np.float32)
    palette = Palette(picture, np.ones(picture.shape[:2], np.float32))
    even = np.ones((1, RENDERED.shape[1], 1), np.float32)
    return Teeth(np.ones(3, np.float32), stone, SKIN, palette, np.zeros(RENDERED.shape, np.float32), even)


def test_a_face_has_white_teeth_and_a_statue_stone_ones() -> None:
    white, stone = (teeth(share).shown(RENDERED.copy(), gap=0.3) for share in (0.0, 1.0))
    np.testing.assert_allclose(white, RENDERED)
    np.testing.assert_allclose(stone / stone[..., :1], np.broadcast_to(SKIN / SKIN[0], stone.shape), rtol=1e-3)
    assert np.ptp(stone.mean(axis=-1)) < 0.6 * np.ptp(white.mean(axis=-1))


def test_teeth_of_a_grey_picture_are_grey() -> None:
    grey = np.linspace(0, 255, 48, dtype=np.float32)[None, :, None] * np.ones((40, 1, 3), np.float32)
    shown = teeth(picture=grey).shown(RENDERED * np.array([0.9, 1.0, 1.2], np.float32), gap=0.3)
    assert np.ptp(shown, axis=-1).max() < 1


def test_lips_that_hardly_part_throw_their_shade_on_what_is_between() -> None:
    shut, parted, wide = (teeth().shown(RENDERED.copy(), gap).mean() for gap in (0.0, 0.2, 0.4))
    assert shut < 0.7 * parted
    assert parted == wide


def test_teeth_in_the_shade_are_darker_than_those_in_the_light() -> None:
    even = teeth()
    sided = replace(even, falloff=np.linspace(0.5, 1.5, RENDERED.shape[1], dtype=np.float32)[None, :, None])
    levels, changed = (one.shown(np.full_like(RENDERED, 120.0), gap=0.3).mean(axis=(0, 2)) for one in (even, sided))
    assert changed[2] < 0.7 * levels[2] and changed[-3] > 1.2 * levels[-3]


def mouth(canvas: Canvas) -> Box:
    """The box of a mouth."""
    low, high = (canvas.figure.rest[canvas.figure.head.landmarks[[number]], :2].astype(int)[0] for number in (3, 13))
    lips = canvas.figure.rest[canvas.figure.head.landmarks[48:60], 1]
    top, bottom = int(lips.min()) - 12, int(lips.max()) + 12
    return Box(int(low[0]) + 20, top, int(high[0] - low[0]) - 40, bottom - top)


@pytest.mark.parametrize("light", [1.0, 0.5, 0.15])
def test_teeth_do_not_outshine_the_skin_around_them_in_any_light(canvas: Canvas, light: float) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 120.0), light=light)
    picture = np.clip(cv2.resize(face.small_picture / face.exposure, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    box = mouth(canvas)
    found = teeth_of(picture, face, box)
    brightest = np.percentile(face.frames[-1].astype(np.float32) * found.gain, 98)
    assert brightest < 1.3 * picture[box.rows_and_columns].mean()


def test_teeth_are_grey_beside_a_grey_wall_whatever_the_generators_frames_are_like(canvas: Canvas) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 60.0), tint=(40.0, 0.0, -30.0))
    picture = np.full((SIDE, SIDE, 3), (170, 150, 130), np.uint8)
    face.small_picture[:] = (170, 150, 130)
    face.small_picture[:, : canvas.cells[1] // 4] = 140
    assert np.ptp(teeth_of(picture, face, mouth(canvas)).gain) < 0.02


def test_eyes_without_an_iris_make_a_statue(canvas: Canvas) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 60.0))
    stone = np.full((SIDE, SIDE, 3), (170, 150, 130), np.uint8)
    flesh = stone.copy()
    for number in (0, 1):
        edge = outline(canvas.figure.rest, canvas.figure.head.openings[number])
        cv2.fillPoly(flesh, [np.round(edge).astype(np.int32)], (235, 232, 230))
        cv2.circle(flesh, tuple(int(value) for value in edge.mean(axis=0)), 4, (40, 40, 40), -1)
    box = mouth(canvas)
    face.small_picture[:] = (170, 150, 130)
    assert teeth_of(stone, face, box).stone == 1
    assert teeth_of(flesh, face, box).stone == 0


def test_teeth_are_darker_on_the_side_of_a_face_that_lies_in_the_shade(canvas: Canvas) -> None:
    face = likeness(canvas, np.full((FRAME, FRAME, 3), 60.0))
    side = np.linspace(0.3, 1.0, canvas.cells[1], dtype=np.float32)[None, :, None]
    face.small_picture[:] = np.array((170, 150, 130), np.float32) * side
    picture = np.clip(cv2.resize(face.small_picture, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    falloff = teeth_of(picture, face, mouth(canvas)).falloff[0, :, 0]
    lit = picture[mouth(canvas).rows_and_columns].mean(axis=(0, 2))
    np.testing.assert_allclose(falloff, lit / lit.mean(), rtol=0.05)


@pytest.mark.parametrize("white", [(165.0, 180.0, 190.0), (190.0, 165.0, 185.0)], ids=["blue", "pink"])
def test_teeth_lie_in_the_light_that_falls_on_the_skin(white: tuple[float, ...]) -> None:
    warmed = np.array(white) * towards(np.array(white), PALE)
    hue = tint_of(PALE) / np.linalg.norm(tint_of(PALE))
    across = tint_of(warmed) - hue * (tint_of(warmed) @ hue)
    assert tint_of(warmed) @ hue > 1
    assert np.linalg.norm(across) < 0.2 * np.linalg.norm(tint_of(PALE)) + 2
    assert warmed.mean() == pytest.approx(np.mean(white), rel=0.1)


@pytest.mark.parametrize("light", [0.6, 1.0, 1.6])
def test_teeth_beside_warm_skin_are_a_little_warm_where_the_picture_has_greys_and_no_darker(
    canvas: Canvas, light: float
) -> None:
    face, skin = likeness(canvas, np.full((FRAME, FRAME, 3), 60.0)), np.array((150.0, 120.0, 100.0)) * light
    face.small_picture[:] = skin
    face.small_picture[:, : canvas.cells[1] // 4] = skin.mean()
    picture = np.clip(cv2.resize(face.small_picture, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    gain = teeth_of(picture, face, mouth(canvas)).gain
    assert tint_of(200 * gain / gain.max()) @ tint_of(skin) > 0.05 * np.square(tint_of(skin)).sum()
    rendered = np.percentile(face.frames.mean(axis=-1), 98) * gain.mean()
    assert rendered == pytest.approx(skin.mean(), rel=0.2)


def test_teeth_that_are_white_in_warm_light_stay_and_so_do_those_of_a_grey_picture() -> None:
    np.testing.assert_allclose(towards(np.array([235.0, 228.0, 218.0]), PALE), 1, atol=0.02)
    np.testing.assert_array_equal(towards(np.array([165.0, 180.0, 190.0]), np.full(3, 160.0)), 1)
