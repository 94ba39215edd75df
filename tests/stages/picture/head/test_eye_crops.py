"""Eyes are cut out the same way up and the same way round, wherever and however large they are."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.picture.head.eye_crops import SHARE, SIDES, Side, cut_eye
from weights.networks.eye_outline import INPUT_SIZE

WIDE = 0.25  # half the height of an eye, of its width


def eye_at(middle: tuple[float, float], width: float, lean: float, side: Side) -> np.ndarray:
    """Six landmarks of an eye that leans by so many radians, from the outer corner on."""
    along, up = (
        np.array([np.cos(lean), np.sin(lean)]) * width / 2,
        np.array([np.sin(lean), -np.cos(lean)]) * width * WIDE,
    )
    out = -along if not side.mirrored else along
    places = [out, out * 0.4 + up, -out * 0.4 + up, -out, -out * 0.4 - up, out * 0.4 - up]
    return np.array(middle) + places


@pytest.mark.parametrize("side", SIDES)
@given(width=st.floats(6, 400), lean=st.floats(-3, 3), across=st.floats(-50, 350), down=st.floats(-50, 250))
def test_an_eye_lies_level_with_its_outer_corner_on_the_left(
    side: Side, width: float, lean: float, across: float, down: float
) -> None:
    eye = eye_at((across, down), width, lean, side)
    crop = cut_eye(np.zeros((200, 300, 3), np.uint8), eye, side)
    seen, middle = crop.into(eye), INPUT_SIZE / 2
    np.testing.assert_allclose(
        seen[[0, 3]], [(middle - middle / SHARE, middle), (middle + middle / SHARE, middle)], atol=1e-6
    )
    assert (seen[[1, 2], 1] < middle).all() and (seen[[4, 5], 1] > middle).all()
    np.testing.assert_allclose(crop.back(seen), eye, atol=1e-6)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("width", [20.0, 160.0])
def test_the_crop_shows_what_its_matrix_says(side: Side, width: float) -> None:
    eye = eye_at((210.0, 190.0), width, 0.4, side)
    picture = np.zeros((400, 420, 3), np.uint8)
    for point in eye:
        cv2.circle(
            picture,
            tuple(np.round((point - 0.5) * 16).astype(int)),
            round(0.06 * width * 16),
            (255, 255, 255),
            -1,
            cv2.LINE_AA,
            4,
        )
    crop = cut_eye(picture, eye, side)
    _, _, _, centres = cv2.connectedComponentsWithStats((crop.image[..., 0] > 100).astype(np.uint8))
    apart = np.linalg.norm(crop.into(eye)[:, None] - (centres[1:] + 0.5), axis=2)
    assert apart.min(axis=1).max() < 0.6


def test_an_eye_outside_the_picture_is_dark() -> None:
    eye = eye_at((-500.0, 40.0), 30.0, 0.0, SIDES[0])
    assert not cut_eye(np.full((50, 50, 3), 200, np.uint8), eye, SIDES[0]).image.any()
