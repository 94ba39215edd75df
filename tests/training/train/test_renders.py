"""Reading renders, and what is made of their truth."""

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import UserError
from training.train.renders import HELD_OUT, Renders, complete_codes, feature_weights, join_renders, load_renders


def test_pictures_and_truth_come_back_in_order(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        for index in range(3):
            picture = np.full((16, 16, 3), (0, 0, 80 * index), np.uint8)  # BGR: more and more red
            data = cv2.imencode(".webp", picture)[1].tobytes()
            member = tarfile.TarInfo(f"{index:06d}.webp")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    codes = np.arange(192).reshape(3, 64)
    np.savez(tmp_path / "faces.npz", z=codes, lm=np.ones((3, 68, 2)), pose_yaw_pitch_roll=np.zeros((3, 3)))
    renders = load_renders(tmp_path)
    assert renders.images.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(renders.images[:, 8, 8, 0], [0, 80, 160], atol=4)
    assert renders.codes[2, 0] == 128


def test_a_missing_picture_is_noticed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        data = cv2.imencode(".webp", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
        member = tarfile.TarInfo("000000.webp")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    np.savez(tmp_path / "faces.npz", z=np.zeros((2, 64)), lm=np.zeros((2, 68, 2)), pose_yaw_pitch_roll=np.zeros((2, 3)))
    with pytest.raises(AssertionError, match="expected 2 images, found 1"):
        load_renders(tmp_path)


@pytest.mark.parametrize(
    ("count", "kept"), [(9, 1), (64, 8), (8 * HELD_OUT - 8, HELD_OUT - 1), (9 * HELD_OUT, HELD_OUT)]
)
def test_held_out_faces_are_never_among_those_trained_on(count: int, kept: int) -> None:
    codes = np.arange(count, dtype=np.float32)[:, None].repeat(64, axis=1)
    renders = Renders(np.zeros((count, 1, 1, 3), np.uint8), codes, np.zeros((count, 68, 2)), np.zeros((count, 3)))
    trained, held_out = renders.split()
    assert (len(trained), len(held_out)) == (count - kept, kept)
    assert not set(trained.codes[:, 0]) & set(held_out.codes[:, 0])


def test_too_few_renders_to_hold_one_out_are_refused() -> None:
    renders = Renders(np.zeros((7, 1, 1, 3), np.uint8), np.zeros((7, 64)), np.zeros((7, 68, 2)), np.zeros((7, 3)))
    with pytest.raises(UserError, match="7 renders: expected at least 8, of which one is held out"):
        renders.split()


def test_whole_codes_keep_their_first_entries_and_have_unit_rms() -> None:
    entries = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    codes = complete_codes(entries, np.random.default_rng(1)).numpy()
    np.testing.assert_array_equal(codes[:, :64], entries)
    np.testing.assert_allclose(np.square(codes).mean(axis=1), 1, rtol=1e-5)


def test_eyes_and_mouth_weigh_most_and_the_background_weighs_one() -> None:
    landmarks = np.full((1, 68, 2), 64.0)
    landmarks[0, 36:42] = (40, 50)
    landmarks[0, 42:48] = (88, 50)
    landmarks[0, 48:68] = (64, 90)
    weights = feature_weights(landmarks, 128)[0, 0]
    assert weights[50, 40] == pytest.approx(6, abs=0.1)
    assert weights[90, 64] == pytest.approx(6, abs=0.1)
    assert weights[5, 5] == pytest.approx(1, abs=1e-3)


def test_joined_sets_keep_faces_and_truth_together() -> None:
    def numbered(start: int, count: int) -> Renders:
        number = np.arange(start, start + count, dtype=np.float32)
        images = number.astype(np.uint8)[:, None, None, None].repeat(3, axis=3)
        return Renders(images, number[:, None], number[:, None, None], number[:, None])

    both = join_renders(numbered(0, 2), numbered(2, 3))
    np.testing.assert_array_equal(both.codes[:, 0], np.arange(5))
    np.testing.assert_array_equal(both.images[:, 0, 0, 0], np.arange(5))
    assert len(both) == 5
