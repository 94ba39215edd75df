import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ManifestError
from common.image_formats import FORMATS
from manifests.build import build_manifest
from manifests.schema import read_manifest


def touched(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture")


def rows(output: Path) -> dict[str, str]:
    table = read_manifest(output).table
    return dict(zip(table["id"].to_pylist(), table["image"].to_pylist(), strict=True))


def test_every_format_that_is_read_is_listed_and_the_rest_is_counted_by_ending(tmp_path):
    touched(tmp_path / "faces", "a.gif", "b.jp2", "c.JFIF", "d.tga", "e.ppm", "f.mov", "g.MOV", "h", "i.xcf")
    built = build_manifest(tmp_path / "faces", tmp_path / "targets.parquet")
    assert list(rows(tmp_path / "targets.parquet")) == ["a", "b", "c", "d", "e"]
    assert built.left_out[0] == (".mov", 2)
    assert set(built.left_out[1:]) == {("", 1), (".xcf", 1)}


@pytest.mark.skipif("HEIF" in FORMATS, reason="with the extra they are read")
def test_images_of_a_telephone_are_left_out_with_what_would_bring_them_in(tmp_path):
    touched(tmp_path / "faces", "IMG_1.HEIC", "IMG_2.heic")
    with pytest.raises(ManifestError, match="heic.*pip install .*-e '.\\[heic\\]'"):
        build_manifest(tmp_path / "faces", tmp_path / "targets.parquet")
    touched(tmp_path / "faces", "IMG_3.jpg")
    assert ".[heic]" in build_manifest(tmp_path / "faces", tmp_path / "targets.parquet").note
    touched(tmp_path / "more", "a.jpg", "b.txt")
    assert not build_manifest(tmp_path / "more", tmp_path / "targets.parquet").note


def test_pictures_become_rows_in_the_order_of_their_paths(tmp_path):
    touched(tmp_path / "faces", "sub/anna.jpg", "Bea.PNG", "carl.webp", "notes.txt", ".hidden.jpg", ".trash/old.jpg")
    built = build_manifest(tmp_path / "faces", tmp_path / "targets.parquet")
    assert (built.rows, built.others, built.left_out) == (3, 1, ((".txt", 1),))
    expected = {"Bea": "faces/Bea.PNG", "carl": "faces/carl.webp", "sub_anna": "faces/sub/anna.jpg"}
    assert list(rows(tmp_path / "targets.parquet").items()) == list(expected.items())


def test_thumbnails_and_deleted_files_of_storage_devices_are_no_faces(tmp_path):
    touched(
        tmp_path / "faces", "a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/b.jpg", "sub/$RECYCLE.BIN/c.jpg"
    )
    assert build_manifest(tmp_path / "faces", tmp_path / "targets.parquet").rows == 1


def test_only_the_folder_itself_is_looked_at_if_asked_for(tmp_path):
    touched(tmp_path, "anna.jpg", "sub/bea.jpg")
    assert build_manifest(tmp_path, tmp_path / "targets.parquet", recursive=False).rows == 1


def test_names_that_come_to_one_id_are_told_apart(tmp_path):
    touched(tmp_path, "a b.jpg", "a_b.jpg", "A_B.png", "con.jpg", "a/b.jpg")
    build_manifest(tmp_path, tmp_path / "targets.parquet")
    assert rows(tmp_path / "targets.parquet") == {
        "A_B": "A_B.png",
        "a_b-2": "a b.jpg",
        "a_b-3": "a/b.jpg",
        "a_b-4": "a_b.jpg",
        "_con": "con.jpg",
    }


def test_every_image_is_found_from_wherever_the_manifest_stands(tmp_path):
    touched(tmp_path / "faces", "anna.jpg", "sub/bea.jpg")
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "short").symlink_to(tmp_path / "deep/er")
    for output in ("faces/targets.parquet", "deep/er/targets.parquet", "short/targets.parquet"):
        build_manifest(tmp_path / "faces", tmp_path / output)
        manifest = read_manifest(tmp_path / output)
        assert all(Path(image).read_bytes() == b"picture" for image in manifest.images())
        assert not any(Path(image).is_absolute() for image in manifest.table["image"].to_pylist())


def test_a_folder_given_by_a_relative_path_serves(tmp_path, monkeypatch):
    touched(tmp_path / "faces", "anna.jpg")
    monkeypatch.chdir(tmp_path)
    build_manifest("faces", "targets.parquet")
    assert read_manifest("targets.parquet").images() == [str(tmp_path / "faces/anna.jpg")]


def test_links_are_followed_and_never_in_a_circle(tmp_path):
    touched(tmp_path / "faces", "anna.jpg")
    touched(tmp_path / "elsewhere", "bea.jpg")
    (tmp_path / "faces/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "faces/again").symlink_to(tmp_path / "faces")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "faces")
    (tmp_path / "faces/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    build_manifest(tmp_path / "faces", tmp_path / "targets.parquet")
    assert set(rows(tmp_path / "targets.parquet")) == {"anna", "more_bea"}


@settings(max_examples=25)
@given(names=st.lists(st.from_regex(r"[A-Za-zé ?#,'\"%:-][A-Za-zé ._?#,'\"%:-]{0,20}", fullmatch=True), max_size=8))
@pytest.mark.slow
def test_any_names_give_a_manifest_that_reads_and_is_the_same_when_built_again(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("faces")
    touched(folder, "first.jpg", *[f"{name}.jpg" for name in names])
    build_manifest(folder, folder / "a.parquet")
    first = rows(folder / "a.parquet")
    assert len(first) == len({"first", *names})
    assert all((folder / image).is_file() for image in first.values())
    build_manifest(folder, folder / "a.parquet")
    assert list(rows(folder / "a.parquet").items()) == list(first.items())


def test_nothing_but_the_manifest_is_left_behind(tmp_path):
    touched(tmp_path / "faces", "anna.jpg")
    (tmp_path / "out").mkdir()
    build_manifest(tmp_path / "faces", tmp_path / "out/targets.parquet")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["targets.parquet"]


def test_images_of_anchors_that_a_run_or_an_extraction_wrote_are_left_out_and_counted(tmp_path):
    own = ["out/anchors.png", "out/motions/smile.png", "refused/anchors.png", "nod.png"]
    beside = ["out/motion.safetensors", "out/motions/smile.safetensors", "refused/log.jsonl", "nod.safetensors"]
    touched(tmp_path / "faces", *own, *beside, "anna.jpg", "out/ben.png", "sub/anchors.png", "nod.jpg")
    built = build_manifest(tmp_path / "faces", tmp_path / "targets.parquet")
    assert list(rows(tmp_path / "targets.parquet")) == ["anna", "nod", "out_ben", "sub_anchors"]
    assert (built.rows, built.sheets, built.others) == (4, 4, 4)


def test_folders_that_cannot_serve_are_refused_with_a_sentence(tmp_path):
    def refused(folder: Path, output: Path, said: str) -> None:
        with pytest.raises(ManifestError, match=said):
            build_manifest(folder, output)

    refused(tmp_path / "none", tmp_path / "t.parquet", "none: there is no such folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", tmp_path / "t.parquet", r"empty: no images \(.*bmp, .*jpg,.*\) among 0 files")
    touched(tmp_path / "faces", "anna.jpg")
    refused(tmp_path / "faces", tmp_path / "t.csv", 'written as .parquet, found ".csv". Name it t.parquet')
    refused(tmp_path / "faces/anna.jpg", tmp_path / "t.parquet", "anna.jpg is a file: give the folder")
    (tmp_path / "taken").touch()
    refused(tmp_path / "faces", tmp_path / "taken/t.parquet", "taken/t.parquet: cannot be written: ")
    assert not (tmp_path / "t.parquet").exists()


def test_the_manifests_folder_is_made_and_its_images_are_found_from_it(tmp_path):
    touched(tmp_path / "faces", "anna.jpg")
    built = build_manifest(tmp_path / "faces", tmp_path / "lists/new/targets.parquet")
    (image,) = read_manifest(built.path).images()
    assert Path(image).resolve() == tmp_path / "faces/anna.jpg"


def test_a_refused_folder_leaves_no_folder_for_its_manifest(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ManifestError):
        build_manifest(tmp_path / "empty", tmp_path / "new/t.parquet")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("output", "better"), [("", "targets.parquet"), ("/", "targets.parquet"), ("x.csv", "x.parquet")]
)
def test_an_output_that_is_no_parquet_file_is_answered_with_a_name(tmp_path, output, better):
    with pytest.raises(ManifestError, match=f"Name it {better}"):
        build_manifest(tmp_path, output)


def test_a_file_name_that_is_no_text_is_named(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"picture")
    with pytest.raises(ManifestError, match=r"not UTF-8\. Rename it"):
        build_manifest(tmp_path, tmp_path / "t.parquet")
