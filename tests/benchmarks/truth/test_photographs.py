"""The truth benchmark's photographs: what the bundled file shows, and that it is what the renderer draws."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.truth.data import MOTIONS, PEOPLE
from benchmarks.truth.photographs import (
    CROP,
    FORMAT,
    PHOTOGRAPHS,
    SIDE,
    STILL_CROP,
    load_photographs,
    person_in_photograph,
    render_photographs,
)
from common.errors import UserError
from stages.faces.align import face_quad
from training.scene.renderer import Renderer

DATA = load_photographs()


def test_the_file_holds_everyone_and_stays_small() -> None:
    assert DATA.motions == tuple(MOTIONS)
    assert DATA.people == tuple(PEOPLE)
    assert DATA.landmarks.shape == (4, 24, 9, 68, 2)
    assert PHOTOGRAPHS.stat().st_size < 7.5e6


def test_a_still_is_stored_once_for_the_motions_that_share_it() -> None:
    smile, closed, turn = (
        DATA.places[DATA.motions.index(name), :, 0] for name in ("smile", "eyes_closed", "head_turn")
    )
    np.testing.assert_array_equal(smile, closed)
    np.testing.assert_array_equal(smile, turn)
    assert len(DATA.encoded) == 24 * (3 * 8 + 1 + 9)


def test_the_stills_crop_is_256_whole_pixels() -> None:
    left, top = STILL_CROP[1].start, STILL_CROP[0].start
    wanted = np.array([[left, top], [left, top + CROP], [left + CROP, top + CROP], [left + CROP, top]])
    for landmarks in DATA.landmarks[:, :, 0].reshape(-1, 68, 2):
        np.testing.assert_allclose(face_quad(landmarks), wanted, atol=0.15)


def test_the_camera_stands_still_while_faces_move() -> None:
    for motion in range(len(DATA.motions)):
        frames = DATA.frames(motion, 6).astype(int)
        assert frames.shape[1:] == (SIDE, SIDE, 3)
        assert np.abs(frames[:, :40] - frames[0, :40]).max() < 8  # the wall above the head
        assert np.abs(frames[-1] - frames[0]).max() > 60


def test_spectacles_beards_and_hair_are_among_them() -> None:
    faces = [person_in_photograph(number, "smile", 0.0) for number in DATA.people]
    assert sum(face.glasses.wire > 0.05 for face in faces) >= 6
    assert sum(face.beard > 0.4 for face in faces) >= 6
    assert sum(face.hair.side > 4 for face in faces) >= 5


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UserError, match=f'expected "{FORMAT}"'):
        load_photographs(tmp_path / "other.npz")


@pytest.mark.slow
def test_the_renderer_draws_the_bundled_photographs(tmp_path: Path, shared: Path) -> None:
    render_photographs(Renderer(shared / "synthface", SIDE), tmp_path / "some.npz", people=(4,))
    again = load_photographs(tmp_path / "some.npz")
    at = DATA.people.index(4)
    for motion in range(len(MOTIONS)):
        np.testing.assert_allclose(again.landmarks[motion, 0], DATA.landmarks[motion, at], atol=0.05)
        assert np.abs(again.frames(motion, 0).astype(int) - DATA.frames(motion, at)).mean() < 1
