"""What lies beyond a head's outline goes where the outline goes."""

import numpy as np

from stages.picture.warping.outline import outline_distance, outline_field

MIDDLE = 40
WITHIN = np.pad(np.ones((69, 69), bool), 6)  # away from the grid's border, where distances are levelled one-sidedly


def disc(radius: float, across: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[:81, :81] - MIDDLE
    return np.hypot(rows, columns - across) < radius


def test_an_outline_that_stays_moves_nothing() -> None:
    # OpenCV's last digit depends on where in memory a grid lies.
    np.testing.assert_allclose(outline_field(outline_distance(disc(20)), disc(20)), 0, atol=1e-4)


def test_where_there_is_no_head_nothing_moves() -> None:
    nothing = np.zeros((81, 81), bool)
    assert (outline_field(outline_distance(nothing), disc(20)) == 0).all()
    assert (outline_field(outline_distance(disc(20)), nothing) == 0).all()


def outward(field: np.ndarray) -> np.ndarray:
    """(H, W) the part of a field that points away from the middle."""
    rows, columns = np.mgrid[:81, :81] - MIDDLE
    unit = np.stack([columns, rows], axis=-1) / np.maximum(np.hypot(rows, columns), 1)[..., None]
    return (field * unit).sum(axis=-1)


def test_around_a_head_that_grows_everything_comes_from_nearer_its_middle() -> None:
    part = outward(outline_field(outline_distance(disc(20)), disc(25)))[~disc(25) & WITHIN]
    np.testing.assert_allclose(part, -5, atol=0.8)


def test_around_a_head_that_shrinks_everything_comes_from_farther_out() -> None:
    part = outward(outline_field(outline_distance(disc(25)), disc(20)))[~disc(20) & WITHIN]
    np.testing.assert_allclose(part, 5, atol=0.8)


def test_a_head_that_goes_right_takes_both_of_its_sides_right() -> None:
    field = outline_field(outline_distance(disc(20)), disc(20, across=4))
    assert abs(field[MIDDLE, MIDDLE + 26, 0] + 4) < 0.8
    assert abs(field[MIDDLE, MIDDLE - 26, 0] + 4) < 0.8
    assert np.abs(field[MIDDLE - 30, MIDDLE]).max() < 1.2
