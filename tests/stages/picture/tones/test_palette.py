"""Changes of colours keep to what colours a picture has."""

import numpy as np
import pytest

from stages.picture.tones.palette import Palette, neutral_of, to_lab

SHAPE = (40, 48)
WHOLE = np.ones(SHAPE, np.float32)
KEEPS, LOSES = np.zeros((*SHAPE, 1)), np.ones((*SHAPE, 1))
BROWN = np.array([96.0, 64.0, 40.0])


def shaded(colour: np.ndarray) -> np.ndarray:
    """A wall of one colour, lit more brightly to the right."""
    return (np.linspace(0.2, 1.0, SHAPE[1])[None, :, None] * colour * np.ones((SHAPE[0], 1, 1))).astype(np.float32)


def coloured() -> np.ndarray:
    """Brown to the left, grey and blue to the right, each darker and lighter."""
    picture = np.full((*SHAPE, 3), 120, np.float32)
    picture[:, :24], picture[:, 36:] = BROWN, (60, 90, 160)
    return (picture * np.linspace(0.8, 1.3, SHAPE[0])[:, None, None]).astype(np.float32)


def test_no_change_changes_nothing() -> None:
    palette = Palette(coloured(), WHOLE)
    np.testing.assert_allclose(palette.kept(np.zeros((*SHAPE, 3), np.float32), LOSES), 0, atol=0.5)


def test_brown_hair_that_greys_may_lose_its_colour_and_does_not_turn_blue() -> None:
    change = np.full((*SHAPE, 3), 0, np.float32)
    change[:, :24] = (0.0, 40.0, 90.0)  # twice as far as to grey
    found = (coloured() + Palette(coloured(), WHOLE).kept(change, LOSES))[10:30, 4:20]
    assert to_lab(found)[..., 2].min() > -4
    assert np.ptp(found, axis=-1).max() < 12


def test_skin_keeps_most_of_its_colour() -> None:
    change = np.zeros((*SHAPE, 3), np.float32)
    change[:, :24] = BROWN.mean() - BROWN
    before, after = (
        to_lab(coloured() + share * Palette(coloured(), WHOLE).kept(change, KEEPS))[10:30, 4:20] for share in (0, 1)
    )
    assert (after[..., 2] > 0.5 * before[..., 2]).all()


@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (1.15, 1.0, 0.8)])
def test_a_picture_of_one_tint_keeps_to_it(tint: tuple[float, ...]) -> None:
    paper = 180 * np.array(tint)
    picture = shaded(paper)
    palette = Palette(picture, WHOLE)
    assert palette.one_tint == 1
    found = picture + palette.kept(np.full((*SHAPE, 3), (30.0, -10.0, 20.0), np.float32), LOSES)
    lightness = found.mean(axis=-1, keepdims=True)
    assert np.abs(found - lightness * paper / paper.mean())[:, 8:-8].max() < 6
    teeth = palette.tinted(np.full((4, 5, 3), (120.0, 130.0, 150.0), np.float32))
    assert np.abs(teeth - teeth.mean() * paper / paper.mean()).max() < 6


def test_a_picture_of_many_colours_has_no_tint() -> None:
    palette = Palette(coloured(), WHOLE)
    assert palette.one_tint == 0
    colours = np.full((4, 5, 3), (120.0, 130.0, 150.0), np.float32)
    assert palette.tinted(colours) is colours


def test_grey_is_grey_beside_a_grey_wall_and_warm_where_everything_is() -> None:
    np.testing.assert_allclose(neutral_of(coloured()), 1, atol=0.02)
    warm = neutral_of(coloured()[:, :36] * np.array([1.2, 1.0, 0.7], np.float32))
    assert warm[0] > 1.1 and warm[2] < 0.85 and warm.mean() == pytest.approx(1)
