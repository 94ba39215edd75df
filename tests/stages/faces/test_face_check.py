"""What the check of faces is shown, and what it says of it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import CheckpointError
from stages.faces.face_check import cut_check_crop, looks_human
from tests.training.face_points import flat_face
from training.scene.disguise import with_brows, with_eyes, with_lids, with_lips
from weights.load_small_networks import load_face_check
from weights.networks.fan import MIRRORED


def painted_face() -> tuple[np.ndarray, np.ndarray]:
    """A face of flat colours with brows, eyes and lips in the middle of (512, 512, 3), and its landmarks."""
    image, points = flat_face(512)
    points = (points - 256) / 2 + 256
    for number, drawing in enumerate((with_brows, with_eyes, with_lids, with_lips)):
        image = drawing(np.ascontiguousarray(image), points, np.random.default_rng(number))
    return image, points


@pytest.mark.parametrize("scale", [0.7, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("degrees", [0.0, 50.0])
def test_a_crop_is_the_same_at_every_size_and_lean(scale: float, degrees: float) -> None:
    image, points = painted_face()
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    to = np.array([[cos, -sin], [sin, cos]])
    side = int(512 * scale * 1.5)
    offset = side / 2 - to @ (256, 256)
    large = cv2.resize(image, None, fx=max(1, scale), fy=max(1, scale), interpolation=cv2.INTER_CUBIC)
    matrix = np.column_stack([to / max(1, scale), offset + to @ (0.5, 0.5) / max(1, scale) - 0.5])
    shown = cv2.warpAffine(large, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    expected, found = cut_check_crop(image, points), cut_check_crop(shown, points @ to.T + offset)
    assert found.shape == (64, 64, 3) and found.dtype == np.uint8
    assert np.abs(expected.astype(int) - found).mean() < 3


def test_eyes_lie_above_the_middle_of_a_crop_and_the_chin_inside_it() -> None:
    image, points = flat_face(400)
    points = (points - 200) / 2 + 200
    for part, colour in ((slice(36, 48), 255), (slice(7, 10), 0)):
        x, y = points[part].mean(axis=0).astype(int)
        image[y - 3 : y + 4, x - 3 : x + 4] = colour
    crop = cut_check_crop(image, points).astype(int).sum(axis=2)
    eyes, chin = np.argwhere(crop > 700).mean(axis=0), np.argwhere(crop < 150).mean(axis=0)
    assert 15 < eyes[0] < 40 and abs(eyes[1] - 32) < 3
    assert 45 < chin[0] < 62 and abs(chin[1] - 32) < 3


def test_a_face_beyond_the_pictures_border_is_cut_all_the_same() -> None:
    image, points = flat_face(128)
    for shift in ((-90.0, 0.0), (0.0, 100.0), (5000.0, -5000.0)):
        assert cut_check_crop(image, points + np.array(shift)).shape == (64, 64, 3)


def test_a_mirror_image_is_judged_alike_and_none_asked_for_none(repository: Path) -> None:
    check = load_face_check()
    image, points = painted_face()
    flipped = (points * (-1, 1) + (image.shape[1], 0))[MIRRORED]
    here = looks_human(check, image, points[None])
    there = looks_human(check, np.ascontiguousarray(image[:, ::-1]), flipped[None])
    np.testing.assert_allclose(here, there, atol=0.4)
    assert looks_human(check, image, np.zeros((0, 68, 2), np.float32)).shape == (0,)


def test_a_check_that_is_missing_damaged_or_something_else_says_so(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not there"):
        load_face_check(tmp_path / "none.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(CheckpointError, match="not a whole safetensors"):
        load_face_check(tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match="face_check.*found 'fan'"):
        load_face_check(repository / "weights/bundled/landmarks.safetensors")
