"""Faces of images that lie on their sides."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from common.errors import NoFace
from stages.faces.align import align_face
from stages.faces.detect import Face, FaceFinder
from stages.faces.rotations import _beyond_doubt, find_in_any_rotation
from stages.media.decode_image import decode_image
from stages.models import Models


@pytest.mark.slow
def test_a_turned_picture_gives_the_same_upright_crop(
    models: Models, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_once(models.finder, monkeypatch)
    image = decode_image((repository / "weights/bundled/demo/faces/face_16.jpg").read_bytes())
    upright = find_in_any_rotation(models.finder, image)
    for turns in (1, 2, 3):
        turned = np.rot90(image, turns).copy()
        face = find_in_any_rotation(models.finder, turned)
        crops = [align_face(picture, found.landmarks, 256) for picture, found in ((image, upright), (turned, face))]
        assert np.abs(crops[0].astype(int) - crops[1]).mean() < 6  # the detector cuts a turned image elsewhere


def test_no_face_says_what_was_looked_for(models: Models) -> None:
    with pytest.raises(NoFace, match="turned by 90, 180 or 270 degrees, down to 48 pixels"):
        find_in_any_rotation(models.finder, np.full((200, 300, 3), 90, np.uint8))


@pytest.mark.slow
def test_a_small_face_in_a_large_picture_is_found(models: Models, repository: Path) -> None:
    face = decode_image((repository / "weights/bundled/demo/faces/face_16.jpg").read_bytes())
    image = np.full((1400, 3000, 3), 120, np.uint8)  # two rows of four tiles
    image[1100:1260, 2050:2210] = face[::2, ::2]
    assert not models.finder.find_all(image), "it is too small to be seen in the whole"
    found = find_in_any_rotation(models.finder, image)
    assert 2050 < found.box[0] < found.box[2] < 2210
    assert 1100 < found.box[1] < found.box[3] < 1260


@pytest.mark.parametrize("name", ["dog_no_human_face.jpg", "llama.jpg"])
@pytest.mark.slow
def test_fur_and_muzzles_are_no_face_whichever_way_up_they_are(
    models: Models, shared: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = look_once(models.finder, monkeypatch)
    image = decode_image((shared / "real/faces" / name).read_bytes())
    for turns in range(4):
        with pytest.raises(NoFace):
            find_in_any_rotation(models.finder, np.rot90(image, turns).copy())
    assert len(looks) == 4
    assert next(iter(looks.values())) == [], "as it is it shows none, not even a doubtful one"


def look_once(finder: FaceFinder, monkeypatch: pytest.MonkeyPatch) -> dict[bytes, list[Face]]:
    """Have a finder remember what each image showed: an image that is turned comes in the same four orientations."""
    looks: dict[bytes, list[Face]] = {}
    find_all = finder.find_all

    def remember(image: np.ndarray, thorough: bool = True) -> list[Face]:
        key = str(image.shape).encode() + image.tobytes()
        if key not in looks:
            looks[key] = find_all(image)
        return looks[key]

    monkeypatch.setattr(finder, "find_all", remember)
    return looks


def test_only_the_image_as_it_is_gets_the_longer_look(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def propose(image: np.ndarray) -> Iterator[np.ndarray]:
        for look in ("first", "later"):
            looks.append(look)
            yield np.zeros((0, 4))

    monkeypatch.setattr(models.finder, "_detect", propose)
    with pytest.raises(NoFace):
        find_in_any_rotation(models.finder, np.zeros((1000, 2000, 3), np.uint8))
    assert looks.count("later") == 1 and looks.index("later") == 1 and looks.count("first") > 12


@pytest.mark.parametrize(("confidence", "human", "sure"), [(0.78, 0.8, False), (0.73, 4.5, True), (0.86, -1.0, True)])
def test_in_a_turned_image_a_face_is_clear_or_surely_a_persons(confidence: float, human: float, sure: bool) -> None:
    face = Face(np.zeros((68, 2), np.float32), np.zeros(4), confidence, 0, human)
    assert _beyond_doubt(face) == sure
