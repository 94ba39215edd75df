"""Fields: continued into the unknown, and kept from folding."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.warping.warp import at_places, determinant, fill, unfolded

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def test_a_grid_is_read_by_column_and_row_between_its_cells_and_beyond_its_border() -> None:
    grid = np.arange(12, dtype=np.float32).reshape(3, 4)  # 4 a row
    places = np.array([[2.0, 1.0], [0.5, 2.0], [9.0, -5.0]])
    np.testing.assert_allclose(at_places(grid, places), [6.0, 8.5, 3.0])
    both = at_places(np.dstack([grid, -grid]), places[None])
    np.testing.assert_allclose(both, np.array([[[6.0, -6.0], [8.5, -8.5], [3.0, -3.0]]]))


@settings(max_examples=40)
@given(st.integers(0, 10_000), shapes)
def test_what_is_known_stays_and_the_rest_lies_between_what_is_known(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(*shape, 2)).astype(np.float32)
    known = (rng.random(shape) < 0.3).astype(np.float32)
    known[rng.integers(shape[0]), rng.integers(shape[1])] = 1
    filled = fill(field, known)
    np.testing.assert_array_equal(filled[known == 1], field[known == 1])
    low, high = field[known == 1].min(axis=0), field[known == 1].max(axis=0)
    assert (filled >= low - 1e-4).all() and (filled <= high + 1e-4).all()


@given(shapes, st.floats(-100, 100, width=32))
def test_a_constant_stays_one(shape: tuple[int, int], value: float) -> None:
    known = np.zeros(shape, np.float32)
    known[shape[0] // 2, shape[1] // 2] = 1
    filled = fill(np.full((*shape, 3), value, np.float32), known)
    np.testing.assert_allclose(filled, value, rtol=1e-4, atol=1e-4)


def test_a_slope_goes_on_over_a_gap_between_its_ends() -> None:
    across = np.tile(np.arange(64, dtype=np.float32), (64, 1))[..., None]
    known = np.ones((64, 64), np.float32)
    known[:, 28:36] = 0
    assert np.abs(fill(across, known) - across).max() < 5


def test_where_nothing_is_known_there_is_no_motion() -> None:
    assert (fill(np.ones((5, 7, 2), np.float32), np.zeros((5, 7))) == 0).all()


def test_the_determinant_is_the_area_that_is_shown() -> None:
    rows, columns = np.mgrid[:12, :15].astype(np.float32)
    linear = np.array([[1.3, 0.2], [-0.1, 0.7]])
    to = np.stack([columns, rows], axis=-1) @ linear.T
    field = to - np.stack([columns, rows], axis=-1)
    np.testing.assert_allclose(determinant(field), np.linalg.det(linear), atol=1e-5)


def test_a_mirrored_map_has_a_negative_determinant() -> None:
    columns = np.tile(np.arange(9, dtype=np.float32), (9, 1))
    np.testing.assert_allclose(determinant(np.stack([-2 * columns, 0 * columns], axis=-1)), -1)


def bump(size: float, width: float) -> np.ndarray:
    """(64, 64, 2): a displacement across that folds for large sizes."""
    rows, columns = np.mgrid[:64, :64].astype(np.float32) - 31.5
    height = size * np.exp(-(rows**2 + columns**2) / (2 * width**2))
    return np.stack([height, 0 * height], axis=-1).astype(np.float32)


def test_a_field_that_does_not_fold_is_left_alone() -> None:
    field = bump(3, 10)
    assert determinant(field).min() > 0.5
    np.testing.assert_array_equal(unfolded(field), field)


@pytest.mark.parametrize("size", [8.0, 12.0, 20.0, 30.0])
def test_a_fold_is_smoothed_away_and_far_from_it_nothing_changes(size: float) -> None:
    field = bump(size, 4)
    assert determinant(field).min() < 0
    mended = unfolded(field)
    assert determinant(mended).min() > 0
    folded = (determinant(field) < 0.08).astype(np.uint8)
    far = cv2.distanceTransform(1 - folded, cv2.DIST_L2, 5) > 24
    np.testing.assert_array_equal(mended[far], field[far])


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.5, 6.0), st.floats(0.2, 3.0))
def test_random_fields_do_not_fold(seed: int, smooth: float, steepness: float) -> None:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=(48, 56, 2)).astype(np.float32), (0, 0), smooth)
    field = noise * np.float32(steepness * smooth / noise.std())
    assert determinant(unfolded(field)).min() > 0
