"""Finding checkpoints."""

from pathlib import Path

import pytest

from stages.errors import CheckpointError
from weights.store import PARTS, find, list_models, sha256, weights_folder


def test_every_model_lists_every_part_with_its_licence() -> None:
    stored = list(list_models())
    for model in ("synthface", "ffhq"):
        assert [entry.part for entry in stored if entry.model == model] == list(PARTS)
    assert all(entry.licence for entry in stored)
    assert all(entry.source for entry in stored if entry.model != "synthface")


def test_the_bundled_family_is_whole() -> None:
    assert all(entry.present and entry.size > 0 for entry in list_models() if entry.model == "synthface")


def test_the_weights_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert weights_folder() == tmp_path
    (tmp_path / "model_ir_se50.pth").write_bytes(b"x")
    assert find("ffhq", "identity") == tmp_path / "model_ir_se50.pth"


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"x")
    assert find(tmp_path / "mine.pt", "generator") == tmp_path / "mine.pt"
    with pytest.raises(CheckpointError, match="neither a file nor a known model"):
        find(tmp_path / "not-there.pt", "generator")


def test_a_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert sha256(tmp_path / "empty") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
