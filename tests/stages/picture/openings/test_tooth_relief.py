"""Teeth set into a band that a generator of few pixels drew."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.picture.head.figure import Figure, find_figure
from stages.picture.head.gesture import Gesture
from stages.picture.openings.openings import Box, box_around, opening_mask, outline
from stages.picture.openings.tooth_relief import DROPS, ToothRelief, best_drop
from tests.stages.picture.made_heads import SIDE, made_fit, made_gesture, made_landmarks
from weights.networks.head import Head

BLUR = 3.0  # pixels of the picture for one of the generator


@pytest.fixture(scope="module")
def smile(head: Head) -> Gesture:
    fit = made_fit(head, mouthSmile=0.85, mouthUpperUp=0.8, mouthLowerDown=0.9, jawOpen=0.1)
    return made_gesture(head, expression=fit.expression)


def box_of(figure: Figure, gesture: Gesture) -> tuple[Box, np.ndarray, np.ndarray]:
    """Around the mouth, with how much of each pixel it covers and the middle of the upper lip."""
    rims, points = figure.head.mouth, figure.moved(gesture)
    edge = outline(points, rims)
    box = box_around(edge, 20, SIDE, SIDE)
    return box, opening_mask(edge, box, 0.5), points[rims.upper[len(rims.upper) // 2], :2]


def relief_in(figure: Figure, box: Box, share: float = 1.0, drop: float = 0.0) -> ToothRelief:
    return ToothRelief(figure, box, BLUR, share, drop)


def even(box: Box, light: float) -> np.ndarray:
    return np.full((box.height, box.width, 3), light, np.float32)


def test_a_white_band_becomes_teeth_with_lines_between_them(figure: Figure, smile: Gesture) -> None:
    box, mask, lip = box_of(figure, smile)
    teeth = relief_in(figure, box).on(even(box, 180), smile, mask)
    row = round(lip[1] - box.top + 5)
    across = teeth[row, mask[row] > 0.9].mean(axis=-1)
    fine = across - cv2.GaussianBlur(across[None], (0, 0), 4.0)[0]
    assert np.count_nonzero((fine[1:-1] < fine[:-2]) & (fine[1:-1] < fine[2:]) & (fine[1:-1] < -3)) >= 5
    assert 0.8 * 180 < teeth[mask > 0.9].mean() < 1.1 * 180


def test_the_band_keeps_its_tone_from_one_side_to_the_other(figure: Figure, smile: Gesture) -> None:
    box, mask, _ = box_of(figure, smile)
    lit = np.linspace(110, 220, box.width, dtype=np.float32)
    teeth = relief_in(figure, box).on(even(box, 1) * lit[None, :, None], smile, mask).mean(axis=-1)
    middle = box.width // 2
    near, far = (teeth[:, part][mask[:, part] > 0.9].mean() for part in (slice(middle), slice(middle, None)))
    assert far > 1.15 * near


def test_a_dark_mouth_has_no_teeth_to_be_shown(figure: Figure, smile: Gesture) -> None:
    box, mask, _ = box_of(figure, smile)
    band = even(box, 40)
    np.testing.assert_allclose(relief_in(figure, box).on(band, smile, mask), band, atol=1e-3)


def test_a_generator_that_shows_teeth_itself_is_left_alone(figure: Figure, smile: Gesture) -> None:
    box, mask, _ = box_of(figure, smile)
    band = np.random.default_rng(0).uniform(0, 255, (box.height, box.width, 3)).astype(np.float32)
    assert relief_in(figure, box, share=0.0).on(band, smile, mask) is band


@pytest.mark.parametrize("size", [0.12, 4.0])
def test_every_size_of_picture_gets_its_teeth(head: Head, smile: Gesture, size: float) -> None:
    figure = find_figure(head, made_landmarks(head, made_fit(head)) * size)
    edge = outline(figure.moved(smile), head.mouth)
    box = box_around(edge, 20 * size, round(SIDE * size), round(SIDE * size))
    mask = opening_mask(edge, box, 0.5)
    teeth = ToothRelief(figure, box, BLUR * size, share=1.0).on(even(box, 180), smile, mask)
    assert teeth.shape == (box.height, box.width, 3) and np.isfinite(teeth).all()
    assert teeth.min() >= 0 and teeth.max() < 1.7 * 180


@pytest.mark.parametrize("drop", [-0.2, 0.0, 0.25])
def test_teeth_are_found_where_a_blurred_frame_has_them(figure: Figure, smile: Gesture, drop: float) -> None:
    box, mask, _ = box_of(figure, smile)
    shown = relief_in(figure, box, drop=drop).on(even(box, 180), smile, mask)
    blurred = cv2.GaussianBlur(shown, (0, 0), 0.7 * BLUR)
    found = best_drop(relief_in(figure, box).match(blurred, smile, mask), DROPS[-1])
    assert found == pytest.approx(drop, abs=0.1)


def test_a_frame_that_tells_nothing_leaves_teeth_where_they_usually_are(figure: Figure, smile: Gesture) -> None:
    box, mask, _ = box_of(figure, smile)
    assert best_drop(relief_in(figure, box).match(even(box, 120), smile, mask), DROPS[-1]) == 0
    shut = np.zeros_like(mask)
    assert not relief_in(figure, box).match(even(box, 120), smile, shut).any()


def test_no_more_gum_shows_than_ever_does(figure: Figure, smile: Gesture) -> None:
    box, _, lip = box_of(figure, smile)
    lowest = relief_in(figure, box).lowest(smile, lip)
    matches = np.zeros(len(DROPS))
    matches[-1] = 1.0
    assert best_drop(matches, lowest) <= lowest < best_drop(matches, DROPS[-1])
    assert best_drop(matches, -9.0) == DROPS[0]
    # Teeth that are known to stand lower leave as much less room.
    lower = relief_in(figure, box, drop=0.2).lowest(smile, lip)
    assert lower == pytest.approx(lowest, abs=0.02)


def test_teeth_turn_with_the_head_and_not_with_the_lips(head: Head, figure: Figure) -> None:
    box = Box(0, 0, SIDE, SIDE)
    relief = relief_in(figure, box)
    rest, turned, smiling = (
        relief._light(relief._places(gesture), 1.0, (SIDE, SIDE)).mean(axis=-1)
        for gesture in (
            made_gesture(head),
            made_gesture(head, yaw=0.2),
            made_gesture(head, expression=made_fit(head, mouthSmile=1.0).expression),
        )
    )
    np.testing.assert_allclose(rest, smiling, atol=0.05)
    centre, after = (np.average(np.arange(SIDE), weights=(part > 0.5).sum(axis=0)) for part in (rest, turned))
    assert after - centre > 10


@pytest.mark.parametrize("roll", [25.0, -25.0])
def test_teeth_stand_as_low_under_the_lip_of_a_head_that_leans(
    head: Head, figure: Figure, smile: Gesture, roll: float
) -> None:
    leaning = find_figure(head, made_landmarks(head, made_fit(head, roll=roll)))
    found = [relief_in(one, box_of(one, smile)[0]).lowest(smile, box_of(one, smile)[2]) for one in (figure, leaning)]
    assert found[1] == pytest.approx(found[0], abs=0.1)


def test_teeth_go_with_a_face_that_lies_lower_than_its_shape(figure: Figure, smile: Gesture) -> None:
    lower = replace(figure, residual=figure.residual + np.array([0.0, 6.0]))  # pixels, what the shape does not reach
    found = [relief_in(one, box_of(one, smile)[0]).lowest(smile, box_of(one, smile)[2]) for one in (figure, lower)]
    assert found[1] == pytest.approx(found[0], abs=0.05)
