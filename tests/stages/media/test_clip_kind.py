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


JOINED = [
    ("c.mp4", X264),
    ("c.mp4", (*X264, "-movflags", "frag_keyframe+empty_moov")),
    ("c.mov", ("-c:v", "mjpeg")),
    ("c.flv", X264),
    ("c.wmv", ("-c:v", "wmv2")),
    ("c.webp", ("-c:v", "libwebp_anim", "-lossless", "1")),
    ("c.apng", ("-plays", "0")),
]


@pytest.mark.parametrize(("name", "options"), JOINED)
def test_two_files_in_one_of_which_the_first_alone_is_shown_are_refused(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    clip = make(tmp_path / name, *options, frames=12)
    assert open_clip(clip).total_frames == 12
    clip.write_bytes(2 * clip.read_bytes())
    with pytest.raises(ClipError, match="two files joined into one"):
        open_clip(clip)


@pytest.mark.parametrize("name", ["c.mkv", "c.ts", "c.avi"])
def test_two_files_in_one_of_which_both_are_shown_are_read(tmp_path: Path, name: str) -> None:
    clip = make(tmp_path / name, *X264, frames=12)
    clip.write_bytes(2 * clip.read_bytes())
    assert open_clip(clip).total_frames == 24


def test_a_clip_all_around_is_refused(tmp_path: Path) -> None:
    clip = make(tmp_path / "c.mp4", *X264, frames=12)
    said = {"Spherical": "true", "Stitched": "true", "StitchingSoftware": "x", "ProjectionType": "equirectangular"}
    word = "".join(f"<GSpherical:{name}>{value}</GSpherical:{name}>" for name, value in said.items()).encode()
    box = b"uuid" + bytes.fromhex("ffcc8263f8554a938814587a02521fdd") + word
    box = (len(box) + 4).to_bytes(4) + box
    content = bytearray(clip.read_bytes())
    for outer in (b"moov", b"trak"):
        place = content.index(outer) - 4
        length = int.from_bytes(content[place : place + 4])
        content[place : place + 4] = (length + len(box)).to_bytes(4)
    content[place + length : place + length] = box
    clip.write_bytes(content)
    with pytest.raises(ClipError, match=r"a 360° clip.*\(equirectangular\)"):
        open_clip(clip)
