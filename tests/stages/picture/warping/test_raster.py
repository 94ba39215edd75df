"""Triangles on a grid, against a reference that asks every point about every triangle."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.picture.warping.raster import Drawn, draw


def slowly(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) the triangle seen, -1 for none, and -2 where an edge is too near to tell."""
    seen = np.full(shape, -1)
    order = np.argsort(depth[triangles].mean(axis=1), kind="stable")
    for row, column in np.ndindex(shape):
        for number in order:
            a, b, c = points[triangles[number]]
            area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
            if area >= 0:
                continue  # its back
            matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
            least = np.linalg.solve(matrix, [column, row, 1]).min()
            if least > 2e-3:
                seen[row, column] = number
            elif least > -2e-3:
                seen[row, column] = -2
    return seen


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 14), st.integers(1, 14))
def test_what_is_seen_is_what_a_slow_reference_sees(seed: int, count: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-5, 18, (count + 2, 2)).astype(np.float32).astype(np.float64)
    depth = rng.normal(size=count + 2)
    triangles = np.stack([rng.permutation(count + 2)[:3] for _ in range(count)])
    corners = points[triangles]
    sides = corners[:, 1:] - corners[:, :1]
    areas = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
    triangles = triangles[np.abs(areas) > 0.5]  # slivers are all edge
    expected = slowly(points, depth, triangles, (height, width))
    drawn = draw(points, depth, triangles, (height, width))
    certain = expected != -2
    np.testing.assert_array_equal(drawn.triangle[certain], expected[certain])
    places = drawn.interpolate(triangles, points)
    rows, columns = np.nonzero(drawn.covered)
    np.testing.assert_allclose(places[rows, columns], np.column_stack([columns, rows]), atol=0.02)


SQUARE = np.array([[0, 0], [0, 9], [9, 0], [9, 9]], float)
FACING = np.array([[0, 1, 2]])


def test_a_triangle_that_turns_its_back_is_not_drawn() -> None:
    assert draw(SQUARE, np.zeros(4), FACING, (10, 10)).covered.any()
    assert not draw(SQUARE, np.zeros(4), FACING[:, ::-1], (10, 10)).covered.any()


def test_the_nearest_of_two_is_seen_whichever_comes_first() -> None:
    points = np.concatenate([SQUARE[:3], SQUARE[:3]])
    for depth, nearest in (([1, 1, 1, 0, 0, 0], 0), ([0, 0, 0, 1, 1, 1], 1)):
        drawn = draw(points, np.array(depth, float), np.array([[0, 1, 2], [3, 4, 5]]), (10, 10))
        assert set(drawn.triangle[drawn.covered]) == {nearest}


def test_two_halves_of_a_square_leave_no_crack() -> None:
    drawn = draw(SQUARE, np.zeros(4), np.array([[0, 1, 2], [2, 1, 3]]), (10, 10))
    assert drawn.covered.all()
    np.testing.assert_allclose(drawn.weights.sum(axis=0), 1, atol=1e-5)


def test_a_mesh_beside_the_grid_draws_nothing_and_interpolates_to_zero() -> None:
    drawn = draw(SQUARE + 50, np.zeros(4), FACING, (10, 10))
    assert isinstance(drawn, Drawn) and not drawn.covered.any()
    assert (drawn.interpolate(FACING, np.ones((4, 2))) == 0).all()


def test_a_sliver_whose_short_edge_is_level_is_drawn_without_numbers_beyond_all_columns() -> None:
    """Its edges cross rows so far away that they are no whole numbers of 32 bits; a warning is an error here."""
    sliver = np.array([[147.1056555, 167.1994878], [147.1056806, 167.1994878], [146.3166461, 168.4217963]])
    assert (draw(sliver, np.zeros(3), np.array([[0, 2, 1]]), (224, 224)).triangle == -1).sum() >= 224 * 224 - 2
