"""Where a row's image is, however it is spelled; what nothing can read is refused, what is not there explained."""

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from common.errors import ManifestError
from manifests.looking import check_manifest
from manifests.schema import read_manifest

Form = Literal["NFC", "NFD"]


def manifest(folder: Path, image: str) -> Path:
    path = folder / "faces.csv"
    path.write_text(f'id,image\nanna,"{image}"\n', encoding="utf-8")
    return path


def file(folder: Path, name: str) -> str:
    (folder / name).write_bytes(b"x")
    return str(folder / name)


@pytest.mark.parametrize("start", ["file:", "file://", "file://localhost", "FILE://", "File://LOCALHOST"])
@pytest.mark.parametrize("name", ["a.jpg", "a b#1?.jpg", "100%.jpg", "é.jpg", "a%20b.jpg"])
def test_a_files_uri_in_any_spelling_is_its_path(tmp_path: Path, start: str, name: str) -> None:
    path = file(tmp_path, name)
    assert read_manifest(manifest(tmp_path, start + path)).images() == [path]


def test_what_a_files_uri_writes_out_is_what_it_stands_for(tmp_path: Path) -> None:
    path = file(tmp_path, "a b.jpg")
    assert read_manifest(manifest(tmp_path, f"file://{path.replace(' ', '%20')}")).images() == [path]


@pytest.mark.parametrize(("listed", "stored"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_are_found_however_they_are_written(tmp_path: Path, listed: Form, stored: Form) -> None:
    path = file(tmp_path, unicodedata.normalize(stored, "été.jpg"))
    assert read_manifest(manifest(tmp_path, unicodedata.normalize(listed, "été.jpg"))).images() == [path]


def test_blanks_around_a_name_count_only_where_the_file_has_them(tmp_path: Path) -> None:
    assert read_manifest(manifest(tmp_path, " a.jpg ")).images() == [str(tmp_path / "a.jpg")]
    path = file(tmp_path, " a.jpg ")
    assert read_manifest(manifest(tmp_path, " a.jpg ")).images() == [path]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("s3a://bucket/a.jpg", "write s3://"),
        ("S3://bucket/a.jpg", "write s3://"),
        ("gcs://bucket/a.jpg", "write gs://"),
        ("ftp://host/a.jpg", "nothing here reads: readable are paths and s3://"),
        ("file://server/share/a.jpg", "another machine"),
        ("data:image/png;base64,AAAA", "written out as text"),
        ("/9j/" + "4AAQSkZJ" * 40, "written out as text"),
        ("iVBORw0KGgo" + "AAAANSUh" * 40, "written out as text"),
    ],
)
def test_places_that_nothing_reads_are_refused_with_their_row(tmp_path: Path, image: str, said: str) -> None:
    with pytest.raises(ManifestError, match='row 1, column "image"') as caught:
        check_manifest(manifest(tmp_path, image))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("faces\\a.jpg", 'with "/" in place of'),
        ("C:\\faces\\a.jpg", "a path of Windows"),
        ("D:/faces/a.jpg", "a path of Windows"),
        ("file:///C:/faces/a.jpg", "a path of Windows"),
        ("\\\\server\\share\\a.jpg", "a path of Windows"),
        ("faces/A.JPG", 'is there as "a.jpg"'),
        ("~/a.jpg", "is not replaced"),
        ("“a.jpg”", "the marks “ and ” are taken as part of its name: remove them"),
        ("$HOME/a.jpg", "is not replaced"),
        ("faces", "a folder, not an image"),
        ("gone/a.jpg", "its folder is not there"),
        ("faces/b.jpg", "is not there"),
        ("a\0b.jpg", "is not there"),
    ],
)
def test_what_is_not_there_is_told_with_what_helps(tmp_path: Path, image: str, said: str) -> None:
    (tmp_path / "faces").mkdir()
    file(tmp_path / "faces", "a.jpg")
    found = check_manifest(manifest(tmp_path, image))
    assert found.missing == 1
    assert said in found.examples[0]


def test_a_pipe_is_not_said_to_be_there_under_its_own_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    (example,) = check_manifest(manifest(tmp_path, "a.jpg")).examples
    assert example.endswith("a pipe or a device, not an image's file")


def test_hosts_of_the_network_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    rows = [
        "https://example.org/a.jpg",
        "https://example.org:8443/b.jpg",
        "http://u:p@x.org/c",
        "hf://datasets/a/b/c.jpg",
        "s3://[:::/x",
    ]
    path.write_text("id,image\n" + "".join(f"{at},{row}\n" for at, row in enumerate(rows)))
    found = check_manifest(path)
    assert found.hosts == {"example.org": 2, "x.org": 1, "huggingface.co": 1}
    assert (found.remote, found.missing) == (5, 0)
