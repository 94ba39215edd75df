"""Views of an image for a network."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.faces.windows import cut_window, rotate


def test_a_window_shows_its_square_and_black_beyond() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[20:60, 30:70] = 255
    window, corner, scale = cut_window(picture, np.array([50.0, 40.0]), 80.0, 40)
    np.testing.assert_allclose(corner, [10, 0])
    assert scale == 0.5
    assert (window[12:28, 12:28] == 255).all()
    outside, _, _ = cut_window(np.full((10, 10, 3), 255, np.uint8), np.array([0.0, 0.0]), 20.0, 20)
    assert (outside[:9, :9] == 0).all()
    assert (outside[11:, 11:] == 255).all()


@given(st.floats(-180, 180), st.integers(20, 60), st.integers(20, 60))
def test_a_turned_picture_holds_all_of_it_where_its_matrix_says(degrees: float, height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[6:10, 11:15] = 255
    shown, matrix = rotate(picture, degrees)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix[:, :2].T + matrix[:, 2]
    assert (corners > -1e-6).all()
    assert (corners <= np.array(shown.shape[1::-1]) + 1e-6).all()
    ys, xs = np.nonzero(shown[..., 0])
    weights = shown[ys, xs, 0].astype(float)
    centre = np.array([np.average(xs + 0.5, weights=weights), np.average(ys + 0.5, weights=weights)])
    np.testing.assert_allclose(centre, matrix[:, :2] @ (13, 8) + matrix[:, 2], atol=0.1)


def test_a_large_picture_is_turned_at_a_smaller_size() -> None:
    picture = np.zeros((1200, 2400, 3), np.uint8)
    picture[600:700, 1000:1100] = 255
    shown, matrix = rotate(picture, -35.0)
    assert max(shown.shape) <= 1.5 * 960
    ys, xs = np.nonzero(shown[..., 0] > 128)
    np.testing.assert_allclose([xs.mean() + 0.5, ys.mean() + 0.5], matrix[:, :2] @ (1050, 650) + matrix[:, 2], atol=0.3)
