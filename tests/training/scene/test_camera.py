"""The camera's geometry."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.scene.camera import DISTANCE, ffhq_crop, head_turn, model_view, on_image_plane, projection

angles = st.floats(-1, 1)


@given(angles, angles, angles)
def test_a_head_is_turned_and_not_stretched(yaw: float, pitch: float, roll: float) -> None:
    turn = head_turn(yaw, pitch, roll)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) > 0


def test_a_positive_yaw_turns_the_nose_to_the_pictures_right() -> None:
    nose = np.array([[0, 0, 12.0]])
    assert on_image_plane(nose, head_turn(0.3, 0, 0))[0, 0] > 0
    assert on_image_plane(nose, head_turn(0, 0.3, 0))[0, 1] < 0


def test_landmarks_lie_where_the_graphics_card_draws_them() -> None:
    turn = head_turn(0.2, -0.1, 0.05)
    points = np.random.default_rng(0).normal(0, 8, (20, 3))
    clip = np.c_[points, np.ones(20)] @ (projection() @ model_view(turn)).T
    np.testing.assert_allclose(on_image_plane(points, turn), clip[:, :2] / clip[:, 3:], atol=1e-5)
    assert (np.abs(clip[:, 3] - DISTANCE) < 30).all()


def landmarks(rng: np.random.Generator) -> np.ndarray:
    """68 points with eyes over a mouth, y up."""
    points = rng.normal(0, 0.01, (68, 2))
    points[36:42] += (-0.2, 0.15)
    points[42:48] += (0.2, 0.15)
    points[48:68] += (0, -0.2)
    return points


@given(st.integers(0, 100), st.floats(-0.5, 0.5), st.floats(0.5, 2), st.floats(-1, 1))
def test_a_crop_follows_the_face_however_it_is_moved_in_the_plane(
    seed: int, roll: float, scale: float, shift: float
) -> None:
    points = landmarks(np.random.default_rng(seed))
    turn = head_turn(0, 0, roll)[:2, :2] * scale
    moved = points @ turn.T + shift
    np.testing.assert_allclose(ffhq_crop(moved)(moved), ffhq_crop(points)(points), atol=1e-9)


@given(st.floats(1, 2))
def test_a_wider_view_keeps_its_lower_edge_and_its_middle(zoom: float) -> None:
    crop = ffhq_crop(landmarks(np.random.default_rng(0)))
    plane = np.random.default_rng(1).normal(0, 0.3, (10, 2))
    inside, wider = crop(plane), crop.widened(zoom)(plane)
    np.testing.assert_allclose(wider[:, 0], inside[:, 0] / zoom)
    np.testing.assert_allclose(wider[:, 1] + 1, (inside[:, 1] + 1) / zoom)


def test_pixels_count_from_the_upper_left_corner() -> None:
    crop = ffhq_crop(landmarks(np.random.default_rng(0)))
    corner = np.linalg.solve(crop.matrix, np.array([-1, 1.0]) - crop.offset)
    np.testing.assert_allclose(crop.pixels(corner[None], 128), [[0, 0]], atol=1e-9)
