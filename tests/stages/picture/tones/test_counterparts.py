"""What in the generator's face corresponds to what in the picture's."""

import numpy as np
import pytest

from stages.picture.tones.counterparts import Tones, find_alike, find_counterparts

SHAPE = (40, 48)
WHOLE = np.ones(SHAPE, np.float32)


@pytest.fixture
def colours() -> np.ndarray:
    """Smooth colours, every place another."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return np.stack([60 + 3 * columns, 60 + 3 * rows, 120 + columns - rows], axis=-1)


def wave() -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return 20 * np.stack([np.sin(rows / 6), np.cos(columns / 7), np.sin(rows / 8)], axis=-1)


def test_equal_pictures_carry_changes_as_they_are(colours: np.ndarray) -> None:
    pairs = find_counterparts(colours, colours, WHOLE, WHOLE, WHOLE)
    np.testing.assert_allclose(pairs.carried(wave()), wave(), atol=1e-3)


def test_cells_that_look_like_nothing_and_are_not_trusted_do_not_change() -> None:
    picture = np.full((*SHAPE, 3), 250, np.float32)
    still = np.full((*SHAPE, 3), 10, np.float32)
    trusted = np.zeros(SHAPE, np.float32)
    trusted[:, :10] = 1
    carried = find_counterparts(picture, still, trusted, WHOLE, WHOLE).carried(wave())
    assert (carried[:, 10:] == 0).all()


def test_trusted_cells_unlike_their_own_place_take_a_part_of_its_change() -> None:
    picture = np.full((*SHAPE, 3), 250, np.float32)
    still = np.full((*SHAPE, 3), 10, np.float32)
    carried = find_counterparts(picture, still, WHOLE, WHOLE, WHOLE).carried(wave())
    large = np.abs(wave()) > 1
    share = carried[large] / wave()[large]
    assert (share > 0.1).all() and (share < 0.9).all()


def test_hair_takes_the_change_of_hair_near_it_and_not_of_the_skin_behind() -> None:
    picture = np.full((*SHAPE, 3), 190, np.float32)
    still = picture.copy()
    still[:14], picture[:20] = 40, 40  # the picture's fringe hangs lower
    change = np.zeros((*SHAPE, 3), np.float32)
    change[:14] = 30  # hair greys
    carried = find_counterparts(picture, still, WHOLE, WHOLE, WHOLE).carried(change)
    assert (carried[14:18] > 20).all()
    assert np.abs(carried[24:]).max() < 1


def test_outside_the_window_nothing_changes(colours: np.ndarray) -> None:
    window = np.zeros(SHAPE, np.float32)
    window[10:20, 10:20] = 1
    carried = find_counterparts(colours, colours, WHOLE, window, WHOLE).carried(wave())
    assert (carried[window == 0] == 0).all() and np.abs(carried[window > 0]).max() > 5


def test_where_nothing_is_trusted_nothing_is_carried(colours: np.ndarray) -> None:
    pairs = find_counterparts(colours, colours, np.zeros(SHAPE, np.float32), WHOLE, WHOLE)
    assert (pairs.carried(wave()) == 0).all()


def test_weights_are_shares(colours: np.ndarray) -> None:
    pairs = find_counterparts(colours, colours[::-1], WHOLE, WHOLE, WHOLE)
    assert (pairs.weights >= 0).all() and (pairs.weights.sum(axis=1) <= 1 + 1e-5).all()


def test_tones_of_equal_pictures_change_nothing(colours: np.ndarray) -> None:
    tones = Tones(colours, colours, WHOLE, WHOLE)
    np.testing.assert_allclose(tones.own(colours), colours, rtol=1e-5)
    np.testing.assert_allclose(tones.own_change(wave()), wave(), rtol=1e-4, atol=1e-4)


def test_a_darker_picture_gets_darker_colours_and_smaller_shadows_and_lights() -> None:
    still = np.full((*SHAPE, 3), 150, np.float32)
    tones = Tones(still / 2, still, WHOLE, WHOLE)
    np.testing.assert_allclose(tones.own(still), still / 2, atol=6)
    shade = np.full((*SHAPE, 3), -30, np.float32)
    assert (np.abs(tones.own_change(shade)) < 18).all()
    assert (tones.own_change(-shade) < 25).all()


def test_a_change_tints_as_the_pictures_light_does_and_not_as_its_colours_do_here_and_there() -> None:
    still = np.full((*SHAPE, 3), 120, np.float32)
    shade = np.full((*SHAPE, 3), -20, np.float32)
    warm = Tones((still * (1.1, 1.0, 0.9)).astype(np.float32), still, WHOLE, WHOLE).own_change(shade)
    np.testing.assert_allclose(warm / warm[..., 1:2], np.broadcast_to((1.1, 1.0, 0.9), warm.shape), atol=0.02)
    patched = still.copy()
    patched[:20] *= (1.3, 0.8, 0.9)
    patched[20:] *= (0.7, 1.2, 1.1)  # both together are grey
    change = Tones(patched, still, WHOLE, WHOLE).own_change(shade)
    np.testing.assert_allclose(change, change[..., :1].repeat(3, axis=-1), rtol=0.02)


def test_what_becomes_lighter_does_by_as_much_as_there_is_light_for_on_either_side_of_a_face() -> None:
    still = np.full((*SHAPE, 3), 150, np.float32)
    lit = np.linspace(0.15, 1.0, SHAPE[1], dtype=np.float32)[None, :, None]
    lights = Tones(lit * still, still, WHOLE, WHOLE).own_change(np.full_like(still, 60.0))
    assert lights[:, 0].max() < 35 < 50 < lights[:, -1].min()


def test_a_curl_changes_as_hair_like_it_does_and_a_ribbon_beside_it_does_not() -> None:
    picture = np.full((*SHAPE, 3), 200, np.float32)
    picture[:10], picture[20:24], picture[30:34] = (60, 30, 20), (66, 34, 22), (40, 60, 190)
    known, wanted = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    known[:10], wanted[20:24], wanted[30:34] = True, True, True
    carried = find_alike(picture, known, wanted).carried(np.full_like(picture, 50.0))
    np.testing.assert_allclose(carried[20:24], 50, atol=1)
    assert np.abs(carried[30:34]).max() < 1
    assert not find_alike(picture, known & False, wanted).carried(picture).any()
