"""What a video shows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.faces.align import align_face, face_quad
from stages.media.compose import paste, side_by_side


def test_the_still_stands_left_of_the_frame_at_the_frames_size() -> None:
    still, frame = np.full((256, 256, 3), 10, np.uint8), np.full((128, 128, 3), 200, np.uint8)
    both = side_by_side(still, frame)
    assert both.shape == (128, 256, 3)
    assert (both[:, :128] == 10).all()
    assert (both[:, 128:] == 200).all()


@given(st.floats(20, 60), st.floats(20, 60), st.floats(60, 140))
def test_a_crop_pasted_back_lies_where_it_was_taken(left: float, top: float, side: float) -> None:
    picture = np.zeros((220, 220, 3), np.uint8)
    quad = np.array([[left, top], [left, top + side], [left + side, top + side], [left + side, top]])
    pasted = paste(picture, np.full((64, 64, 3), 240, np.uint8), quad)[..., 0].astype(float)
    ys, xs = np.mgrid[0:220, 0:220] + 0.5
    weight = pasted.sum()
    assert abs((pasted * xs).sum() / weight - (left + side / 2)) < 1
    assert abs((pasted * ys).sum() / weight - (top + side / 2)) < 1


def test_nothing_outside_the_crop_changes_and_its_border_is_seamless() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8)
    quad = np.array([[20.0, 20.0], [20.0, 80.0], [80.0, 80.0], [80.0, 20.0]])
    pasted = paste(picture, np.zeros((64, 64, 3), np.uint8), quad)
    outside = np.ones((100, 100), bool)
    outside[20:80, 20:80] = False
    assert (pasted[outside] == picture[outside]).all()
    assert np.abs(pasted[20, 20:80].astype(int) - picture[20, 20:80]).max() <= 4
    assert (pasted[48:52, 48:52] == 0).all()


def test_a_crop_pasted_back_unchanged_gives_its_picture_again() -> None:
    rows, columns = np.mgrid[0:240, 0:240]
    waves = 128 + 60 * np.sin(columns / 5) + 60 * np.sin(rows / 7)
    picture = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    landmarks = np.zeros((68, 2))
    landmarks[36:42], landmarks[42:48], landmarks[48], landmarks[54] = (90, 100), (150, 100), (95, 160), (145, 160)
    pasted = paste(picture, align_face(picture, landmarks, 256), face_quad(landmarks))
    assert np.abs(pasted[80:160, 80:160].astype(float) - picture[80:160, 80:160]).mean() < 1.5
