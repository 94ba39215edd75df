"""The verbs of `manifest`."""

from pathlib import Path

import pyarrow.parquet as pq
from PIL import Image

from tests.pipeline.cli.command_line import call


def pictures(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return folder


def test_a_manifest_is_built_and_checked(monkeypatch, capsys, tmp_path):
    folder = pictures(tmp_path / "faces", "anna.png", "more/ben.jpg")
    (folder / "notes.txt").write_text("x")
    manifest = tmp_path / "targets.parquet"
    assert call(monkeypatch, "manifest", "build", folder, "--output", manifest) == 0
    assert capsys.readouterr().out == f"{manifest}: 2 images; 1 other file left out (1 .txt)\n"
    assert pq.read_table(manifest)["id"].to_pylist() == ["anna", "more_ben"]
    assert call(monkeypatch, "manifest", "check", manifest) == 0
    assert "2 rows" in capsys.readouterr().out


def test_a_flat_manifest_leaves_inner_folders_out(monkeypatch, tmp_path):
    folder = pictures(tmp_path / "faces", "anna.png", "more/ben.jpg")
    manifest = tmp_path / "targets.parquet"
    assert call(monkeypatch, "manifest", "build", folder, "--output", manifest, "--flat") == 0
    assert pq.read_table(manifest).num_rows == 1


def test_missing_pictures_are_named_and_end_with_3(monkeypatch, capsys, tmp_path):
    pictures(tmp_path, "anna.png")
    manifest = tmp_path / "targets.csv"
    manifest.write_text("id,image\nanna,anna.png\nben,ben.png\n")
    assert call(monkeypatch, "manifest", "check", manifest) == 3
    said = capsys.readouterr().out
    assert "1 image missing" in said
    assert 'row 2 (id "ben")' in said


def test_what_may_not_be_meant_is_noted(monkeypatch, capsys, tmp_path):
    pictures(tmp_path, "anna.png")
    manifest = tmp_path / "targets.csv"
    for column, said in (("strenght", 'Did you mean "strength"?'), ("strength", "50 % is 0.5")):
        manifest.write_text(f"id,image,{column}\nanna,anna.png,50\n")
        assert call(monkeypatch, "manifest", "check", manifest) == 0
        assert said in capsys.readouterr().err


def test_an_empty_folder_is_a_users_mistake(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "manifest", "build", tmp_path) == 2
    assert "no images" in capsys.readouterr().err
