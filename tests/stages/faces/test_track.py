"""One face through a clip."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.faces.detect import Face
from stages.faces.track import smooth_landmarks, track_face


def face(x: float, size: float = 100.0, shake: float = 0.0) -> Face:
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 4)), axis=-1).reshape(68, 2)
    points = (grid * size + (x + shake, 50)).astype(np.float32)
    return Face(points, np.array([x, 50, x + size, 50 + size], np.float64), 0.9, 0)


def test_the_largest_face_of_the_first_frame_is_followed_even_when_another_grows() -> None:
    frames = [[face(100, 100), face(400, 80)], [face(400, 120), face(104, 100)], [face(400, 150), face(108, 100)]]
    track = track_face(frames, np.arange(3) / 30)
    assert track.found.all()
    np.testing.assert_allclose(track.landmarks[:, :, 0].min(axis=1), [100, 104, 108])


def test_frames_without_the_face_are_told_and_the_others_kept() -> None:
    track = track_face([[], [face(100)], [], [face(300)], [face(102)]], np.arange(5) / 30)
    np.testing.assert_array_equal(track.found, [False, True, False, False, True])
    assert np.isnan(track.landmarks[0]).all()
    assert np.isfinite(track.steadied[track.found]).all()


def test_a_clip_without_faces_has_none() -> None:
    assert not track_face([[], []], np.arange(2) / 30).found.any()


def test_trembling_is_steadied_to_less_than_half() -> None:
    rng = np.random.default_rng(0)
    frames = [[face(100, shake=rng.normal(0, 0.5))] for _ in range(64)]
    track = track_face(frames, np.arange(64) / 30)
    assert track.steadied[:, 0, 0].std() < 0.5 * track.landmarks[:, 0, 0].std()


@given(st.floats(-200, 200), st.lists(st.floats(0.01, 0.2), min_size=2, max_size=30))
def test_an_even_motion_is_neither_delayed_nor_flattened_whatever_the_frame_rate(
    speed: float, gaps: list[float]
) -> None:
    times = np.cumsum(gaps)
    track = (100 + speed * times)[:, None, None] * np.ones((1, 68, 2))
    np.testing.assert_allclose(smooth_landmarks(track, times), track, rtol=1e-4, atol=1e-2)


def test_a_face_that_moves_half_its_size_is_the_same_one_and_one_twice_as_large_is_another() -> None:
    track = track_face([[face(100)], [face(160)], [face(100, size=190)], [face(200)]], np.arange(4.0))
    np.testing.assert_array_equal(track.found, [True, True, False, True])


def talking(x: float, size: float, opened: float) -> Face:
    """A face whose lower half has moved down by a share of its size."""
    still = face(x, size)
    points = still.landmarks.copy()
    points[17:34, 1] += opened * size
    return Face(points, still.box, 0.9, 1)


def test_the_face_that_moves_is_followed_and_not_a_larger_one_that_looks_on() -> None:
    frames = [[face(100, 120), talking(400, 90, 0.05 * number)] for number in range(12)]
    track = track_face(frames, np.arange(12) / 30)
    np.testing.assert_array_equal(track.which, np.ones(12, int))
    both = [[talking(100, 120, 0.05 * number), talking(400, 90, 0.05 * number)] for number in range(12)]
    np.testing.assert_array_equal(track_face(both, np.arange(12) / 30).which, np.zeros(12, int))
