"""Lists of other files and locked ones are named for what they are."""

from pathlib import Path

import pytest

from common.errors import ClipError
from stages.media.clip_kind import is_encrypted
from stages.media.open_clip import open_clip
from tests.stages.media.made_clips import X264, make, run


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("c.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n", r"a playlist \(HLS\)"),
        ("c.mp4", b"\xef\xbb\xbf#EXTM3U\n", r"a playlist \(HLS\)"),
        ("c.txt", b"ffconcat version 1.0\nfile 'a.mp4'\n", "a list of clips"),
        ("c.mpd", b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', r"a playlist \(DASH\)"),
        ("c.mpd", b'<?xml version="1.0"?>\n<!-- made by hand -->\n<MPD/>', r"a playlist \(DASH\)"),
        ("c.sdp", b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "a live stream"),
    ],
)
def test_a_list_of_other_files_is_no_clip(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipError, match=f"{kind}.*, not a clip. Make one file of it: ffmpeg"):
        open_clip(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"<HTML><head>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"PK\x03\x04" + bytes(30), "an archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"1\n00:00:00,000 --> 00:00:01,000\nhello\n", "a text"),
        (b'{"error": "expired"}', "a text"),
        (b"hello world\n" * 1000, "a text"),
    ],
)
def test_what_came_in_a_clip_s_place_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "c.mp4").write_bytes(content)
    with pytest.raises(ClipError, match=f"not a clip, but {kind}"):
        open_clip(tmp_path / "c.mp4")


def test_pixels_that_might_be_letters_are_no_text(tmp_path: Path) -> None:
    dark = ("-vf", "drawbox=color=0x303030:t=fill", "-pix_fmt", "gray")
    assert open_clip(make(tmp_path / "c.y4m", *dark, frames=4)).total_frames == 4


@pytest.mark.parametrize("flags", [(), ("-movflags", "+faststart")])
def test_an_encrypted_clip_is_called_so(tmp_path: Path, flags: tuple[str, ...]) -> None:
    plain = make(tmp_path / "plain.mp4", *X264)
    lock = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32, "-encryption_kid", "1" * 32)
    run("-i", plain, "-c", "copy", *lock, *flags, tmp_path / "locked.mp4")
    assert not is_encrypted(plain)
    with pytest.raises(ClipError, match="encrypted"):
        open_clip(tmp_path / "locked.mp4")


def test_boxes_of_odd_lengths_end_the_look(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    for content in (
        b"\0\0\0\x08ftyp\0\0\0\0moov",
        b"\0\0\0\0ftyp",
        b"\0\0\0\x01ftyp" + b"\xff" * 8,
        b"\0\0\0\x02ftyp1234",
    ):
        path.write_bytes(content)
        assert not is_encrypted(path)
