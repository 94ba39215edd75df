"""The generator's skin becomes the picture's skin, its hair the picture's hair."""

import numpy as np
import pytest

from stages.picture.tones.skin_and_hair import SkinAndHair, scale_of, skin_and_hair_of

PALE, BROWN = np.array([220.0, 180, 160]), np.array([150.0, 100, 80])
DARK, BLOND = np.array([40.0, 35, 30]), np.array([190.0, 160, 90])
ROWS, SIDE = 12, 40  # rows of hair above the skin
HAIR = np.arange(SIDE)[:, None].repeat(SIDE, axis=1) < ROWS


def face(skin: np.ndarray, hair: np.ndarray, rows: int = ROWS) -> np.ndarray:
    image = np.tile(skin, (SIDE, SIDE, 1))
    image[:rows] = hair
    return image.astype(np.float32)


def places() -> np.ndarray:
    return np.indices((SIDE, SIDE)).reshape(2, -1).T / 10


def known(generator: np.ndarray, picture: np.ndarray) -> SkinAndHair:
    scales = scale_of(generator, ~HAIR, HAIR), scale_of(picture, ~HAIR, HAIR)
    return skin_and_hair_of(generator, picture, scales, np.ones((SIDE, SIDE), bool), places(), np.ones((SIDE, SIDE)))


def test_skin_takes_the_tone_of_skin_and_hair_that_of_hair() -> None:
    tones = known(face(PALE, DARK), face(BROWN, BLOND))
    own = tones.own(np.stack([PALE, DARK]), np.array([[3.0, 2.0], [0.5, 2.0]]), np.ones(2))
    np.testing.assert_allclose(own, [BROWN, BLOND], atol=1)


def test_hair_that_the_generator_has_where_the_picture_has_a_forehead_is_hair_all_the_same() -> None:
    # The picture's hairline is so high that no hair of the generator's lies on hair of its own.
    picture = face(BROWN, BLOND, rows=2)
    scales = scale_of(face(PALE, DARK), ~HAIR, HAIR), scale_of(picture, ~HAIR, picture[..., 0] == BLOND[0])
    seen = np.arange(SIDE)[:, None].repeat(SIDE, axis=1) >= 3
    tones = skin_and_hair_of(face(PALE, DARK), picture, scales, seen, places(), np.ones((SIDE, SIDE)))
    (own,) = tones.own(DARK[None], np.array([[0.6, 2.0]]), np.ones(1))
    np.testing.assert_allclose(own, BLOND, atol=1)


def test_colours_keep_their_differences_within_skin() -> None:
    tones = known(face(PALE, DARK), face(BROWN, BLOND))
    shaded = PALE - 12
    (own,) = tones.own(shaded[None], np.array([[3.0, 2.0]]), np.ones(1))
    np.testing.assert_allclose(own, BROWN - 12, atol=1)


def test_what_is_dark_where_no_hair_grows_is_a_shadow_on_skin() -> None:
    tones = known(face(PALE, DARK), face(BROWN, BLOND))
    (own,) = tones.own(DARK[None], np.array([[3.0, 2.0]]), np.zeros(1))
    np.testing.assert_allclose(own, DARK + BROWN - PALE, atol=1)


def test_a_shadow_below_the_nose_that_only_the_generator_casts_is_the_pictures_skin() -> None:
    shadow, below = PALE / 4, np.arange(SIDE)[:, None].repeat(SIDE, axis=1) >= 30
    generator = np.where(below[..., None], shadow, face(PALE, DARK)).astype(np.float32)
    picture = face(PALE, BLOND)
    scales = scale_of(generator, ~HAIR & ~below, HAIR), scale_of(picture, ~HAIR, HAIR)
    features = generator.reshape(-1, 3) / 90  # skin in the light is not much less alike than it is sure
    seen = np.ones((SIDE, SIDE), bool)
    seen[::2] = False
    tones = skin_and_hair_of(generator, picture, scales, seen & (np.indices(seen.shape)[1] < 4), features, 1.0 - below)
    (own,) = tones.own(shadow[None], shadow[None] / 90, np.zeros(1))
    np.testing.assert_allclose(own, PALE, rtol=0.1)


def test_a_bald_generator_has_skin_alone() -> None:
    tones = known(face(PALE, PALE), face(BROWN, BROWN))
    assert tones.scale is None
    np.testing.assert_allclose(tones.own(PALE[None], np.array([[0.2, 2.0]]), np.ones(1)), [BROWN], atol=1)


def test_where_nothing_is_known_colours_stay() -> None:
    nothing = skin_and_hair_of(
        face(PALE, DARK),
        face(BROWN, BLOND),
        (None, None),
        np.zeros((SIDE, SIDE), bool),
        places(),
        np.ones((SIDE, SIDE)),
    )
    np.testing.assert_array_equal(nothing.own(PALE[None], np.array([[0.2, 2.0]]), np.ones(1)), [PALE])


@pytest.mark.parametrize("cells", [0, 5])
def test_a_scale_needs_some_cells_of_both(cells: int) -> None:
    few = np.zeros((SIDE, SIDE), bool)
    few.ravel()[:cells] = True
    assert scale_of(face(PALE, DARK), ~HAIR, few) is None
    assert scale_of(face(PALE, DARK), few, HAIR) is None
