"""A lid that closes is skin, whatever its eye looked like and wherever its landmarks lay."""

import cv2
import numpy as np
import pytest

from stages.picture.openings.lids import DIM, Lid, lid_of
from stages.picture.openings.openings import Box
from stages.picture.warping.strips import Patch

SKIN, WHITE, IRIS, LASHES, FRAME = (205, 165, 140), (235, 232, 228), (60, 110, 70), (40, 28, 24), (30, 30, 60)
BOX = Box(20, 10, 160, 120)
MIDDLE, HALF = (100, 70), 42
LINE_ROW = 68  # of the box, where the line of lashes is
RIM = np.array(
    [(-1.0, 0.0), (-0.5, -0.16), (0.0, -0.2), (0.5, -0.16), (1.0, 0.0), (0.5, 0.14), (0.0, 0.18), (-0.5, 0.14)]
)


def edge(up: float = 0.0) -> np.ndarray:
    """(8, 2) an opening's edge as landmarks have it, too low or too high by a share of half the eye's width."""
    return np.array(MIDDLE) + HALF * (RIM + np.array([0, up]))


@pytest.fixture
def picture() -> np.ndarray:
    """An eye, wider open than landmarks may say, under lashes, and a spectacle frame below it."""
    image = np.full((150, 200, 3), SKIN, np.uint8)
    cv2.ellipse(image, MIDDLE, (HALF, 15), 0, 0, 360, WHITE, -1, cv2.LINE_AA)
    cv2.circle(image, MIDDLE, 14, IRIS, -1, cv2.LINE_AA)
    cv2.ellipse(image, MIDDLE, (HALF, 15), 0, 180, 360, LASHES, 3, cv2.LINE_AA)
    cv2.line(image, (20, 112), (180, 112), FRAME, 3)
    return image


def drawn(picture: np.ndarray, tall: float, line: int = LINE_ROW) -> tuple[np.ndarray, np.ndarray]:
    """The box (h, w, 3) drawn so many times as tall from a row up, and the field (h, w, 2) of that."""
    part = picture[BOX.rows_and_columns].copy()
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    field = np.dstack([np.zeros_like(columns), (rows - line) * np.float32(1 / tall - 1)])
    return cv2.remap(part, field + np.dstack([columns, rows]), np.empty(0), cv2.INTER_LINEAR), field


def closed(picture: np.ndarray, lid: Lid, closure: float = 1.0, tall: float = 1.0, line: int = LINE_ROW) -> np.ndarray:
    """(h, w, 3) the box with the lid closed, drawn so many times as tall from a row up."""
    part, field = drawn(picture, tall, line)
    patch = Patch(*BOX.rows_and_columns, field, np.ones((*part.shape[:2], 1), np.float32))
    lid.lay(part, patch, edge(0.2)[:5], closure)
    return part


@pytest.mark.parametrize("up", [0.0, 0.12, -0.12])
def test_nothing_of_an_eye_is_left_on_a_closed_lid(picture: np.ndarray, up: float) -> None:
    found = closed(picture, lid_of(picture, BOX, edge(up)))
    upper = found[30:53, 30:130].astype(float)  # above the line of lashes
    assert np.abs(upper - SKIN).max() < 25
    assert (np.abs(found[60:70, 60:100].astype(float) - SKIN).max(axis=-1) > 60).any(), "a line of lashes"


def test_an_open_eye_and_what_is_beside_it_stay_as_they_are(picture: np.ndarray) -> None:
    lid = lid_of(picture, BOX, edge())
    part = picture[BOX.rows_and_columns]
    assert (closed(picture, lid, closure=0.2) == part).all()
    found = closed(picture, lid)
    assert (found[95:] == part[95:]).all(), "a spectacle frame stays whole"
    assert (found[:20] == part[:20]).all()


def test_a_spectacle_frame_that_touches_the_lashes_stays_whole(picture: np.ndarray) -> None:
    cv2.circle(picture, (100, 32), 24, FRAME, 3, cv2.LINE_AA)
    cv2.line(picture, (20, 32), (180, 32), FRAME, 3)
    part, found = picture[BOX.rows_and_columns], closed(picture, lid_of(picture, BOX, edge()))
    rim = part[:36].astype(float).mean(axis=-1) < 60
    assert rim.sum() > 200
    assert (found[:36][rim] == part[:36][rim]).all()


def test_a_statue_has_no_lashes(picture: np.ndarray) -> None:
    stone = np.full_like(picture, (180, 175, 165))
    cv2.ellipse(stone, MIDDLE, (HALF, 15), 0, 0, 360, (165, 160, 150), 2, cv2.LINE_AA)
    assert lid_of(stone, BOX, edge()).lashes.max() < 0.15 < 0.5 < lid_of(picture, BOX, edge()).lashes.min()


def test_skin_that_a_lid_draws_tall_has_grain_and_no_streaks(picture: np.ndarray) -> None:
    grain = np.random.default_rng(0).normal(0, 6, picture.shape)
    grainy = np.clip(picture + grain, 0, 255).astype(np.uint8)
    lid = lid_of(grainy, BOX, edge())
    as_it_was, tall = (closed(grainy, lid, tall=times)[25:45, 50:110].astype(float) for times in (1.0, 5.0))
    for found, streaked in (
        (as_it_was, False),
        (tall, False),
        (drawn(grainy, 5.0)[0][25:45, 50:110].astype(float), True),
    ):
        # In streaks neighbours across differ, neighbours above each other do not.
        across, down = (np.abs(np.diff(found, axis=axis)).mean() for axis in (1, 0))
        assert (across > 2 * down) == streaked
    assert tall.std(axis=(0, 1)).mean() > 0.5 * as_it_was.std(axis=(0, 1)).mean()


def test_a_shadow_beside_an_eye_is_not_cut_off_by_lit_skin(picture: np.ndarray) -> None:
    shadow = np.clip((np.arange(200) - 118) / 16, 0, 1)[None, :, None]
    dim = np.rint(picture * (1 - 0.65 * shadow)).astype(np.uint8)
    found = closed(dim, lid_of(dim, BOX, edge()))[52:62].astype(float).mean(axis=(0, 2))
    # Lit skin up to the edge of what is taken for the eye would end there in a step of 45.
    fall = -np.diff(found[110:150])
    assert fall.max() < 20


def test_a_lid_drawn_from_a_rim_in_the_shade_is_lit_as_the_skin_around_the_eye(picture: np.ndarray) -> None:
    shaded = picture.copy()
    shaded[30:52, 50:150] = (150, 118, 98)  # to the lashes
    lid = lid_of(shaded, BOX, edge())
    above = MIDDLE[1] - 15 - BOX.top - 7  # the row of the box that is nearest to the eye and no part of it
    own, tall = (
        closed(shaded, lid, tall=times, line=above)[above - 12 : above, 60:100].mean(axis=(0, 1)) for times in (1, 5)
    )
    assert own.mean() < 0.8 * np.mean(SKIN), "a lid that is hardly drawn is the image's own"
    np.testing.assert_allclose(tall, np.multiply(SKIN, DIM), rtol=0.1)
