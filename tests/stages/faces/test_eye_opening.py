"""How far eyes are open is told from landmarks of any size."""

import numpy as np
import pytest

from stages.faces.eye_opening import EYES, closures, openings


def face(left: float, right: float, side: float = 40.0) -> np.ndarray:
    """(68, 2) landmarks of which eyes are open by shares of their width."""
    points = np.zeros((68, 2))
    for (corners, upper, lower), share, middle in zip(EYES, (left, right), (30.0, 90.0), strict=True):
        points[list(corners)] = [[middle - side / 2, 50], [middle + side / 2, 50]]
        for row, down in ((upper, -0.5), (lower, 0.5)):
            points[list(row)] = [
                [middle - side / 6, 50 + down * share * side],
                [middle + side / 6, 50 + down * share * side],
            ]
    return points


@pytest.mark.parametrize("side", [3.0, 40.0, 900.0])
def test_an_eye_is_open_by_its_height_in_widths(side: float) -> None:
    np.testing.assert_allclose(openings(face(0.3, 0.1, side)), [0.3, 0.1])


def test_an_eye_that_is_read_as_a_slit_is_shut_and_a_wider_one_is_below_nothing() -> None:
    np.testing.assert_allclose(closures(face(0.27, 0.27), face(0.07, 0.37)), [1.0, -0.5])
    assert (closures(face(0.3, 0.3), face(0.3, 0.3)) == 0).all()


def test_eyes_that_were_shut_tell_something_finite() -> None:
    assert np.isfinite(closures(face(0.05, 0.07), face(0.3, 0.0))).all()
