"""The first half of a target."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.models import ModelFiles
from stages.prepare import Prepare, PrepareSettings, content_key


def rows(*images: Path) -> dict[str, Any]:
    count = len(images)
    return {
        "order": list(range(count)),
        "id": [f"row{index}" for index in range(count)],
        "image": [str(image) for image in images],
        "motion": ["smile"] * count,
        "strength": [1.0] * count,
        "seed": [None] * count,
    }


@pytest.fixture(scope="module")
def face(repository: Path) -> Path:
    return repository / "weights/bundled/demo/faces/face_01.jpg"


@pytest.fixture(scope="module")
def prepare() -> Prepare:
    return Prepare(PrepareSettings(ModelFiles(device="cpu"), digests={"smile": "digest"}))


def test_rows_that_fail_leave_their_neighbours_alone(prepare: Prepare, face: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    blank = tmp_path / "blank.png"
    from PIL import Image

    Image.new("RGB", (200, 200), "grey").save(blank)
    result = prepare(rows(face, tmp_path / "gone.jpg", tmp_path / "broken.jpg", blank, face))
    assert result["status"] == ["ready", "failed", "failed", "failed", "ready"]
    assert result["reason"] == ["", "unreadable_image", "unreadable_image", "no_face", ""]
    assert result["crop"][0].shape == (256, 256, 3)
    assert result["crop"][0].std() > 10
    assert result["crop"][1] is None, "what is not ready must not travel as a picture"
    assert result["key"][1] == ""
    assert result["key"][0] == result["key"][4] != result["key"][2]


def test_what_is_done_is_kept_without_looking_for_a_face(face: Path) -> None:
    key = content_key(face.read_bytes(), "digest", 1.0)
    files = ModelFiles(landmarks="never loaded", device="cpu")
    prepare = Prepare(PrepareSettings(files, {"smile": "digest"}, frozenset({f"row0\n{key}"})))
    result = prepare(rows(face))
    assert result["status"] == ["kept"]
    assert result["key"] == [key]


def test_what_nobody_thought_of_fails_its_row_alone(prepare: Prepare, face: Path) -> None:
    batch = rows(face, face)
    batch["motion"][0] = "unheard of"
    result = prepare(batch)
    assert result["status"] == ["failed", "ready"]
    assert result["reason"][0] == "internal_error"


@given(st.binary(max_size=50), st.text(max_size=20), st.floats(-10, 10))
def test_a_key_follows_picture_settings_and_strength(data: bytes, digest: str, strength: float) -> None:
    key = content_key(data, digest, strength)
    assert key == content_key(bytes(data), digest, strength)
    assert key != content_key(data + b"x", digest, strength)
    assert key != content_key(data, digest + "x", strength)
    assert key != content_key(data, digest, strength + abs(strength) + 1)


def test_the_crop_is_the_face_in_the_ffhq_frame(prepare: Prepare, face: Path) -> None:
    quad = np.array(prepare(rows(face))["quad"][0]).reshape(4, 2)
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    np.testing.assert_allclose(sides, sides[0], rtol=1e-6)
