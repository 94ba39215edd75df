"""Eyes and mouth as holes: their masks, what is stretched over them, what is behind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.head.figure import Figure
from stages.picture.openings.openings import (
    COLUMNS,
    ROWS,
    Box,
    box_around,
    lattice,
    lattice_triangles,
    opening_mask,
    outline,
    without_skin,
)
from stages.picture.warping.raster import draw
from weights.networks.head import Head

enlarged = pytest.mark.xfail(strict=True, reason="polygons are drawn an eighth of a pixel too large")


def area(points: np.ndarray) -> float:
    """Of a polygon (N, 2)."""
    x, y = points.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


@settings(max_examples=30)
@given(st.floats(15, 60), st.floats(10, 30), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_masks_area_is_the_openings(width: float, height: float, across: float, down: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    edge = np.column_stack([60 + across + width * np.cos(angle), 50 + down + height * np.sin(angle)])
    mask = opening_mask(edge, Box(-20, -10, 170, 120), 0.5)
    assert mask.min() >= 0 and mask.max() <= 1
    assert mask.sum() == pytest.approx(area(edge), rel=0.15)


@enlarged
def test_a_mask_lies_where_the_opening_is_in_pixels_with_centres_at_a_half() -> None:
    square = np.array([[4, 6], [4, 10], [12, 10], [12, 6]], float)
    mask = opening_mask(square, Box(0, 0, 20, 20), 0.5)
    rows, columns = np.mgrid[:20, :20] + 0.5
    assert (mask * columns).sum() / mask.sum() == pytest.approx(8, abs=0.1)
    assert (mask * rows).sum() / mask.sum() == pytest.approx(8, abs=0.1)


def test_the_heads_own_openings_have_their_area(figure: Figure, head: Head) -> None:
    for rims in head.openings[:2]:
        edge = outline(figure.rest, rims)
        mask = opening_mask(edge, box_around(edge, 12, 320, 320), 0.5)
        assert mask.sum() == pytest.approx(area(edge), rel=0.05)


def test_an_outline_goes_round_once_without_repeating_its_corners(figure: Figure, head: Head) -> None:
    for rims in head.openings:
        edge = outline(figure.rest, rims)
        assert len(edge) == len(rims.upper) + len(rims.lower) - 2
        assert len(np.unique(edge, axis=0)) == len(edge)


@settings(max_examples=40)
@given(st.floats(-80, 200), st.floats(-80, 200), st.floats(0, 40))
def test_a_box_lies_within_its_picture_and_is_never_empty(x: float, y: float, pad: float) -> None:
    points = np.array([[x, y], [x + 30, y + 12]])
    box = box_around(points, pad, 100, 120)
    rows, columns = box.rows_and_columns
    assert 0 <= rows.start < rows.stop <= 100 and 0 <= columns.start < columns.stop <= 120
    inside = (points > (1, 1)).all() and (points < (119, 99)).all()
    if inside:
        assert (points >= (box.left, box.top)).all()
        assert (points <= (box.left + box.width, box.top + box.height)).all()


def test_a_lattice_hangs_between_the_rims(figure: Figure, head: Head) -> None:
    points = lattice(figure.rest, head.left_eye)
    assert points.shape == (ROWS, COLUMNS, 2)
    corners = figure.rest[head.left_eye.upper[[0, -1]], :2]
    for row in points[[0, -1]]:
        np.testing.assert_allclose(row[[0, -1]], corners, atol=1e-3)
    assert (points[0, 2:-2, 1] < points[-1, 2:-2, 1]).all()
    np.testing.assert_allclose(points[2], (points[0] + points[-1]) / 2, atol=1e-3)


def test_a_lattices_triangles_cover_it_without_a_crack() -> None:
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    points = 4.0 * np.stack([columns, rows], axis=-1).reshape(-1, 2)
    drawn = draw(points, np.zeros(len(points)), lattice_triangles(), (4 * (ROWS - 1) + 1, 4 * (COLUMNS - 1) + 1))
    assert drawn.covered.all()


def test_what_is_behind_an_opening_goes_on_under_its_rims() -> None:
    picture = np.full((20, 30, 3), 200, np.uint8)
    mask = np.zeros((20, 30), np.float32)
    mask[8:12, 10:20] = 1
    picture[8:12, 10:15], picture[8:12, 15:20] = 40, 60
    behind = without_skin(picture, mask)
    np.testing.assert_array_equal(behind[8:12, 10:20], picture[8:12, 10:20])
    assert set(np.unique(behind)) == {40, 60}
    assert (behind[:, :10] == 40).all() and (behind[:, 20:] == 60).all()


def test_an_opening_that_shows_nothing_has_nothing_behind_it_but_the_picture() -> None:
    picture = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    np.testing.assert_array_equal(without_skin(picture, np.full((10, 10), 0.5, np.float32)), picture)
