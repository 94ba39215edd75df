"""The FFHQ crop."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import NoFace
from stages.faces.align import align_face, cut_quad, face_quad, landmark_crop, shares_of_quad


def face(scale: float = 1.0, turn: float = 0.0, x: float = 128.0, y: float = 128.0) -> np.ndarray:
    """Landmarks of a plain face: only eyes and mouth corners matter to the crop."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (-30, -20), (30, -20)
    points[48:68] = (0, 40)
    points[48], points[54] = (-20, 40), (20, 40)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]]) + (x, y)


@cache
def smooth_picture(height: int = 256, width: int = 256) -> np.ndarray:
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(xs / 23 + ys / 41), np.cos(xs / 31 - ys / 19), np.sin(xs / 17)]
    picture = ((np.stack(waves, axis=2) + 1) * 120).astype(np.uint8)
    picture.flags.writeable = False  # the same one for every test
    return picture


def test_the_crop_of_an_upright_face_is_upright_and_where_the_published_formulas_put_it() -> None:
    # Eyes 60 apart, mouth 60 below: half a side is the larger of 2 x 60 and 1.8 x 60, the centre a tenth down.
    expected = np.array([[8, -6], [8, 234], [248, 234], [248, -6]])
    np.testing.assert_allclose(face_quad(face()), expected)


@given(st.floats(0.3, 3), st.floats(-1.0, 1.0), st.floats(-50, 300), st.floats(-50, 300))
def test_a_crop_is_a_square_that_moves_with_its_face(scale: float, turn: float, x: float, y: float) -> None:
    quad = face_quad(face(scale, turn, x, y))
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    np.testing.assert_allclose(sides, 240 * scale)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    moved = (face_quad(face()) - 128) @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    np.testing.assert_allclose(quad, moved, atol=1e-6)


def test_a_picture_turned_with_its_landmarks_gives_the_same_crop() -> None:
    picture = smooth_picture()
    turned = np.rot90(picture)  # a quarter turn against the clock: (x, y) -> (y, width - x)
    points = face(scale=0.7)
    quarter = np.stack([points[:, 1], 256 - points[:, 0]], axis=1)
    difference = align_face(picture, points).astype(int) - align_face(turned, quarter)
    assert np.abs(difference).max() <= 12  # the published sampling is off centre by up to a pixel


def test_a_crop_within_the_picture_shows_the_picture() -> None:
    picture = smooth_picture(400, 400)
    points = face(scale=256 / 240, x=200.0, y=200.0)  # a crop of exactly 256 pixels
    left, top = face_quad(points)[0]
    crop = align_face(picture, points)
    ys, xs = (np.arange(256) + np.round(value).astype(int) for value in (top, left))
    assert np.abs(crop.astype(int) - picture[np.ix_(ys, xs)]).max() <= 12  # half a pixel of interpolation


def test_beyond_the_border_the_picture_goes_on_without_a_black_edge() -> None:
    picture = np.full((200, 200, 3), (90, 140, 200), np.uint8)
    crop = align_face(picture, face(x=30.0, y=30.0))
    assert np.abs(crop.astype(int) - (90, 140, 200)).max() <= 1


def test_large_pictures_are_averaged_not_skipped() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2048, 2048, 3), np.uint8)
    crop = align_face(noise, face(scale=8, x=1024.0, y=1000.0))
    assert crop.std() < 0.45 * noise.std()


def test_the_pictures_own_size_never_shows_in_the_crops() -> None:
    for size in (64, 128, 256):
        assert align_face(smooth_picture(), face(), size).shape == (size, size, 3)


def test_a_landmark_networks_window_is_the_boxs_square() -> None:
    centre, side = landmark_crop(np.array([10.0, 20.0, 50.0, 80.0]))
    np.testing.assert_allclose(centre, [30, 50])
    assert side == 100


@pytest.mark.parametrize("value", [0.0, 50.0, np.nan, np.inf, -np.inf])
def test_landmarks_from_which_no_crop_follows_are_no_face(value: float) -> None:
    with pytest.raises(NoFace, match="what was taken for a face"):
        align_face(smooth_picture(), np.full((68, 2), value))


@given(st.floats(0.4, 2.5), st.floats(-0.6, 0.6), st.sampled_from([128, 256]))
@pytest.mark.slow
def test_the_quick_cut_shows_what_the_crop_shows(scale: float, turn: float, size: int) -> None:
    picture = smooth_picture(1200, 1300)
    points = face(scale, turn, 650.0, 600.0)
    difference = np.abs(align_face(picture, points, size).astype(int) - cut_quad(picture, face_quad(points), size))
    # The crop's sampling is off by up to a pixel of what it averages; waves change by 8 levels a pixel at most.
    assert difference.max() <= 10 * max(1.0, 240 * scale / size)
    assert difference.mean() <= 3 * max(1.0, 240 * scale / size)


@given(st.floats(-200, 1400), st.floats(-200, 1400))
@pytest.mark.slow
def test_a_quick_cut_over_the_border_repeats_it(x: float, y: float) -> None:
    picture = np.full((1200, 1300, 3), (90, 140, 200), np.uint8)
    cut = cut_quad(picture, face_quad(face(3.0, 0.3, x, y)), 128)
    assert (cut == (90, 140, 200)).all()


def test_a_quick_cut_of_a_crop_from_corner_to_corner_is_the_crop() -> None:
    crop = smooth_picture(256, 256)
    quad = np.array([[0.0, 0.0], [0.0, 256.0], [256.0, 256.0], [256.0, 0.0]]) - 0.5
    np.testing.assert_array_equal(cut_quad(crop, quad), crop)


@given(st.floats(0.5, 2), st.floats(-1.0, 1.0))
def test_shares_of_a_crop_are_where_its_pixels_come_from(scale: float, turn: float) -> None:
    """A dot in the image is found in the crop where its share says."""
    points = face(scale, turn, 300.0, 300.0)
    picture = np.zeros((600, 600, 3), np.uint8)
    row, column = 310, 280
    picture[row - 3 : row + 4, column - 3 : column + 4] = 255
    crop = align_face(picture, points, 240)[..., 0].astype(float)
    ys, xs = np.mgrid[:240, :240] + 0.5
    found = np.array([(crop * xs).sum(), (crop * ys).sum()]) / crop.sum() / 240
    share = shares_of_quad(np.array([column + 0.5, row + 0.5]), face_quad(points))
    np.testing.assert_allclose(found, share, atol=1 / 240)
