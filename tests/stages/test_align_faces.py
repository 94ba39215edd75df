"""The first half of a target."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.align_faces import AlignFaces, AlignFacesSettings, content_key
from stages.base import Row, RowStatus, Target
from stages.model_files import BUNDLED
from stages.models import ModelSettings


def row(image: Path, index: int = 0) -> Row:
    return {"order": index, "id": f"row{index}", "image": str(image), "motion": "smile", "strength": 1.0}


@pytest.fixture(scope="module")
def face(repository: Path) -> Path:
    return repository / "weights/bundled/demo/faces/face_01.jpg"


@pytest.fixture(scope="module")
def prepare() -> AlignFaces:
    return AlignFaces(AlignFacesSettings(ModelSettings(device="cpu"), digests={"smile": "digest"}))


def test_a_row_is_ready_or_says_why_it_is_not(prepare: AlignFaces, face: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    blank = tmp_path / "blank.png"
    from PIL import Image

    Image.new("RGB", (200, 200), "grey").save(blank)
    images = (face, tmp_path / "gone.jpg", tmp_path / "broken.jpg", blank, face)
    found = prepare.process_rows([row(image, index) for index, image in enumerate(images)])
    assert [one["status"] for one in found] == ["ready", "failed", "failed", "failed", "ready"]
    assert [one["reason"] for one in found] == ["", "unreadable_image", "unreadable_image", "no_face", ""]
    assert found[0]["crop"].shape == (256, 256, 3)
    assert found[0]["crop"].std() > 10
    assert found[1]["crop"] is None, "what is not ready must not travel as a picture"
    assert found[1]["key"] == ""
    assert found[0]["key"] == found[4]["key"] != found[2]["key"]


def test_what_is_done_is_kept_without_looking_for_a_face(face: Path) -> None:
    key = content_key(face.read_bytes(), "digest", 1.0)
    files = ModelSettings(BUNDLED.model_copy(update={"landmarks": "never loaded"}), device="cpu")
    prepare = AlignFaces(AlignFacesSettings(files, {"smile": "digest"}, frozenset({Target("row0", key)})))
    found = prepare.process(row(face))
    assert (found["status"], found["key"]) == (RowStatus.KEPT, key)


def test_what_nobody_thought_of_fails_its_row(prepare: AlignFaces, face: Path) -> None:
    found = prepare.process(row(face) | {"motion": "unheard of"})
    assert (found["status"], found["reason"]) == ("failed", "internal_error")


@given(st.binary(max_size=50), st.text(max_size=20), st.floats(-10, 10))
def test_a_key_follows_picture_settings_and_strength(data: bytes, digest: str, strength: float) -> None:
    key = content_key(data, digest, strength)
    assert key == content_key(bytes(data), digest, strength)
    assert key != content_key(data + b"x", digest, strength)
    assert key != content_key(data, digest + "x", strength)
    assert key != content_key(data, digest, strength + abs(strength) + 1)


def test_the_crop_is_the_face_in_the_ffhq_frame(prepare: AlignFaces, face: Path) -> None:
    quad = prepare.process(row(face))["quad"].reshape(4, 2)
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    np.testing.assert_allclose(sides, sides[0], rtol=1e-6)
