"""Coarse fields at a picture's resolution, in strips."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.picture.warping.strips import ROWS, Patch, strips, taken_back, widened


@given(st.integers(2, 9), st.integers(2, 9), st.integers(9, 40), st.integers(9, 700), st.sampled_from([(), (2,), (3,)]))
def test_strips_together_are_the_whole_enlarged(
    rows: int, columns: int, width: int, height: int, channels: tuple[int, ...]
) -> None:
    grid = np.random.default_rng(rows * columns).random((rows, columns, *channels), np.float32)
    parts = [widened(grid, strip, height, width) for strip in strips(height)]
    whole = cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


@pytest.mark.parametrize("height", [1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 7])
def test_each_row_is_in_one_strip(height: int) -> None:
    assert [row for strip in strips(height) for row in range(strip.start, strip.stop)] == list(range(height))


def test_a_patch_over_two_strips_lands_where_it_belongs() -> None:
    field = np.random.default_rng(0).random((100, 20, 2), np.float32)
    patch = Patch(slice(ROWS - 40, ROWS + 60), slice(5, 25), field, np.full((100, 20, 1), 0.5, np.float32))
    whole = np.zeros((2 * ROWS, 30, 2), np.float32)
    parts = [whole[strip].copy() for strip in strips(2 * ROWS)]
    for part, strip in zip(parts, strips(2 * ROWS), strict=True):
        patch.put_into(part, strip)
    whole[ROWS - 40 : ROWS + 60, 5:25] = field / 2
    np.testing.assert_allclose(np.concatenate(parts), whole)


def test_a_strip_takes_its_pixels_from_where_the_field_says() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (60, 50, 3), np.uint8)
    field = np.broadcast_to(np.array([3.0, -2.0], np.float32), (20, 50, 2))
    strip = taken_back(picture, field, 10, cv2.INTER_CUBIC)
    np.testing.assert_array_equal(strip[:, :47], picture[8:28, 3:])
