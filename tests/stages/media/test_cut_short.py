"""A clip that was cut anywhere is refused, whatever holds it; one that only lacks its index is read."""

from pathlib import Path

import pytest

from common.errors import ClipError
from stages.media.cut_short import lacks_its_end
from stages.media.open_clip import open_clip
from tests.stages.media.made_clips import X264, X265, make, run

SOUND = ("-f", "lavfi", "-i", "sine=d=2", "-c:a", "mp2", "-ar", "44100")
VP8 = ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime")
HEVC = (*X265, "-x265-params", "log-level=none")
KINDS = {
    "c.mp4": X264,
    "front.mp4": (*X264, "-movflags", "+faststart"),
    "parts.mp4": (*X264, "-movflags", "+frag_keyframe+empty_moov"),
    "c.mov": ("-c:v", "prores_ks"),
    "c.mkv": X264,
    "hevc.mkv": HEVC,
    "c.webm": VP8,
    "c.ts": X264,
    "c.avi": ("-c:v", "mjpeg"),
    "c.wmv": ("-c:v", "wmv2"),
    "c.flv": X264,
    "c.gif": (),
    "c.mpg": ("-c:v", "mpeg2video"),
    "c.ogv": ("-c:v", "libtheora"),
    "c.y4m": ("-pix_fmt", "yuv420p"),
    "c.webp": ("-c:v", "libwebp_anim"),
    "c.png": ("-f", "apng"),
}
LOUD = ("c.mp4", "front.mp4", "c.mov", "c.mkv", "c.ts", "c.avi", "c.wmv", "c.mpg")


@pytest.mark.parametrize("name", KINDS)
def test_a_cut_is_seen_wherever_it_is(tmp_path: Path, name: str) -> None:
    _cut_anywhere(make(tmp_path / name, *KINDS[name]))


@pytest.mark.parametrize("name", LOUD)
@pytest.mark.slow
def test_a_cut_is_seen_where_there_is_sound(tmp_path: Path, name: str) -> None:
    _cut_anywhere(make(tmp_path / name, *KINDS[name], before=SOUND))


def _cut_anywhere(path: Path) -> None:
    content = path.read_bytes()
    assert open_clip(path).total_frames == 48
    for share in (0.3, 0.55, 0.8):
        path.write_bytes(content[: int(len(content) * share) | 1])  # odd: never between two packets
        with pytest.raises(ClipError, match="cut short|damaged, or not a video"):
            open_clip(path)


def test_a_gif_whose_palette_holds_a_transport_streams_sync_byte_is_whole(tmp_path: Path) -> None:
    path = make(tmp_path / "c.gif")
    content = bytearray(path.read_bytes())
    content[188] = 0x47  # within the palette, whose values may be any
    path.write_bytes(content + bytes(1 if len(content) % 188 == 0 else 0))
    assert not lacks_its_end(path)
    assert open_clip(path).total_frames > 2


def test_an_animation_that_was_cut_says_so_itself(tmp_path: Path) -> None:
    path = make(tmp_path / "c.webp", *KINDS["c.webp"])
    assert not lacks_its_end(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert lacks_its_end(path)


def test_an_index_that_is_missing_behind_all_frames_is_not_missed(tmp_path: Path) -> None:
    path = make(tmp_path / "c.mkv", *X264)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"\x1c\x53\xbb\x6b") + 6])  # in the Cues
    assert not lacks_its_end(path)


@pytest.mark.parametrize(
    "start", [b"\x1a\x45\xdf\xa3", b"OggS\0\x04", b"\x1f\x07\0", b"YUV4MPEG2", b"\x30\x26\xb2\x75", b"\0\0\1\xba"]
)
@pytest.mark.parametrize("length", [1, 3, 5, 30])
def test_a_beginning_alone_breaks_nothing(tmp_path: Path, start: bytes, length: int) -> None:
    (tmp_path / "c").write_bytes((start + bytes(length))[:length])
    assert lacks_its_end(tmp_path / "c") in (True, False)


def test_a_recording_that_counts_from_an_earlier_moment_is_whole(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", *X264, frames=12)
    run("-itsoffset", "86400", "-i", plain, "-c", "copy", tmp_path / "late.mkv")
    assert open_clip(tmp_path / "late.mkv").total_frames == 12
