"""Finding checkpoints."""

from pathlib import Path

import pytest

from common.errors import CheckpointError
from weights.registry import PARTS
from weights.store import find, imported_path, list_models, models_named, sha256, weights_folder


def test_every_model_lists_its_parts_with_licence_and_source() -> None:
    stored = list(list_models())
    for model in ("synthface", "ffhq", "ffhq-e4e", "ffhq-e4e-single"):
        assert [entry.part for entry in stored if entry.model == model] == list(PARTS)
    assert all(entry.licence and entry.citation for entry in stored)
    assert all(bool(entry.source) == bool(entry.origin) == (entry.model != "synthface") for entry in stored)


def test_the_bundled_family_is_whole() -> None:
    assert all(entry.present and entry.size > 0 for entry in list_models() if entry.model == "synthface")


def test_the_bundled_folder_stays_small(repository: Path) -> None:
    sizes = [file.stat().st_size for file in (repository / "weights/bundled").rglob("*") if file.is_file()]
    assert sum(sizes) <= 60e6


def test_the_weights_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert weights_folder() == tmp_path
    (tmp_path / "model_ir_se50.pth").write_bytes(b"x")
    assert find("ffhq", "identity") == tmp_path / "model_ir_se50.pth"


def test_the_weights_folder_is_asked_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path / "here", tmp_path / "there"):
        monkeypatch.setenv("MICROMOTION_WEIGHTS", str(folder))
        assert {entry.path.parent for entry in list_models() if entry.origin} == {folder}


def test_what_is_missing_is_told_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    with pytest.raises(CheckpointError) as told:
        find("ffhq", "generator")
    assert f"{tmp_path}/stylegan2-ffhq-config-f.pt is missing" in str(told.value)
    assert 'Get it with "weights fetch ffhq". By hand: get Google Drive file ' in str(told.value)
    assert f"put it into {tmp_path} as stylegan2-ffhq-config-f.pt." in str(told.value)


def test_a_part_that_a_model_lacks_is_told() -> None:
    with pytest.raises(CheckpointError, match='"ffhq-nvidia" has no inverter.* one of synthface, ffhq, ffhq-e4e'):
        find("ffhq-nvidia", "inverter")


def test_an_imported_file_is_taken_before_the_published_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    imported = tmp_path / "2DFAN4-11f355bf06.safetensors"
    imported.write_bytes(b"abc")
    (tmp_path / "2DFAN4-11f355bf06.pth.tar").write_bytes(b"x")
    assert find("ffhq", "landmarks") == imported
    entry = next(one for one in models_named("ffhq") if one.part == "landmarks")
    assert (entry.path.name, entry.usable, entry.size) == ("2DFAN4-11f355bf06.pth.tar", imported, 3)


@pytest.mark.parametrize("name", ["a-1.b.pt", "a-1.b.pth", "a-1.b.pth.tar", "a-1.b.pkl", "a-1.b.safetensors"])
def test_an_imported_file_keeps_its_name(name: str) -> None:
    assert imported_path(Path("/there") / name) == Path("/there/a-1.b.safetensors")
    assert imported_path(Path("/there") / name, Path("/here")) == Path("/here/a-1.b.safetensors")


def test_a_models_parts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [entry.part for entry in models_named("ffhq-nvidia")] == ["generator"]
    assert models_named(None) == list(list_models())
    with pytest.raises(CheckpointError, match='"fhq" is not a model; known are synthface, ffhq, ffhq-e4e,'):
        models_named("fhq")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"x")
    assert find(tmp_path / "mine.pt", "generator") == tmp_path / "mine.pt"
    with pytest.raises(CheckpointError, match="neither a file nor a known model"):
        find(tmp_path / "not-there.pt", "generator")


def test_a_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert sha256(tmp_path / "empty") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_name_that_no_file_can_have_is_no_model() -> None:
    with pytest.raises(CheckpointError, match="neither a file nor a known model"):
        find("n" * 300, "generator")
