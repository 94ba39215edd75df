"""Images' bytes from paths and URIs, and what cannot be fetched."""

import os
import stat
from pathlib import Path

import pytest

from common.errors import UnreadableImage
from stages.media.fetch_image import fetch


def test_paths_and_uris_are_fetched(tmp_path: Path) -> None:
    path = tmp_path / "ä b.jpg"
    path.write_bytes(b"picture")
    assert fetch(str(path)) == b"picture"
    assert fetch(path.as_uri()) == b"picture"


def test_what_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r'image ".*none\.jpg" cannot be read: No such file'):
        fetch(str(tmp_path / "none.jpg"))
    with pytest.raises(UnreadableImage, match="cannot be read"):
        fetch("nosuchscheme://bucket/x.jpg")


def test_an_address_is_told_without_its_secret(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r'image "nosuchscheme://\*\*\*@bucket/x\.jpg" cannot be read') as caught:
        fetch("nosuchscheme://key:secret@bucket/x.jpg")
    assert "secret" not in str(caught.value)


def test_a_name_with_an_address_in_it_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "copy of s3:/bucket/x.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"picture")
    assert fetch(f"{tmp_path}/copy of s3://bucket/x.jpg") == b"picture"


@pytest.mark.parametrize("what", ["a folder", "a device", "a socket"])
def test_what_is_no_file_is_named(tmp_path: Path, what: str) -> None:
    place = {"a folder": tmp_path, "a device": Path("/dev/zero"), "a socket": tmp_path / "socket"}[what]
    if what == "a socket":
        os.mknod(place, stat.S_IFSOCK | 0o600)
    with pytest.raises(UnreadableImage, match=f"it is {what}, not a file"):
        fetch(str(place))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.touch()
    os.truncate(path, 10 << 30)  # a hole, which takes no room
    with pytest.raises(UnreadableImage, match="it has 10,240 MB, more than 320"):
        fetch(str(path), timeout=5.0)


def test_a_source_that_never_answers_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # opening it blocks until somebody writes
    with pytest.raises(UnreadableImage, match=r"did not arrive within 0\.2 s"):
        fetch(str(pipe), timeout=0.2)


@pytest.mark.parametrize("place", ["", "a\0b.png"])
def test_what_is_no_path_is_called_so(place: str) -> None:
    with pytest.raises(UnreadableImage, match="a path has characters"):
        fetch(place)
