"""Clips that are cut, broken, or break their decoder."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from common.errors import ClipError
from stages.media import scan_clip
from stages.media.open_clip import open_clip, read_clip
from stages.media.scan_clip import MOST_ATTEMPTS
from tests.stages.media.made_clips import FFMPEG, X264, make, numbers


@pytest.mark.parametrize("name", ["c.mkv", "c.ts", "c.avi", "c.flv", "c.webm", "c.mpg", "c.wmv", "c.gif", "c.ogv",
                                  "fast.mp4", "frag.mp4", "late.mp4"])  # fmt: skip
def test_a_file_that_is_cut_short_is_refused_in_any_container(tmp_path: Path, name: str) -> None:
    codecs = {"c.webm": ("-c:v", "libvpx-vp9"), "c.mpg": ("-c:v", "mpeg2video"), "c.wmv": ("-c:v", "wmv2"),
              "c.gif": (), "c.ogv": ("-c:v", "libtheora")}  # fmt: skip
    flags = {"fast.mp4": ("-movflags", "+faststart"), "frag.mp4": ("-movflags", "+frag_keyframe+empty_moov")}
    content = make(tmp_path / name, *codecs.get(name, X264), *flags.get(name, ())).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) * 6 // 10 // 188 * 188 + 100])
    with pytest.raises(ClipError, match="damaged, or not a video|cut short") as caught:
        open_clip(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_recording_that_begins_between_two_key_frames_begins_with_the_next(tmp_path: Path) -> None:
    content = make(tmp_path / "c.ts", *X264, "-g", "12").read_bytes()
    (tmp_path / "c.ts").write_bytes(content[len(content) // 5 // 188 * 188 :])
    clip = read_clip(tmp_path / "c.ts")
    shown = numbers(clip.frames)
    assert shown == list(range(shown[0], 48))
    assert shown[0] in (12, 24)


def test_frames_of_two_sizes_are_refused(tmp_path: Path) -> None:
    small, large = make(tmp_path / "a.ts", *X264), make(tmp_path / "b.ts", *X264, size=(256, 128))
    (tmp_path / "c.ts").write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(ClipError, match="its frames change from 192x128 to 256x128"):
        open_clip(tmp_path / "c.ts")


@pytest.mark.parametrize("crashes", [1, MOST_ATTEMPTS])
@pytest.mark.parametrize(("during", "cut"), [("showinfo", "2>&1 | head -n 30 >&2"), ("rawvideo", "| head -c 100000")])
def test_a_clip_over_which_its_decoder_crashes_is_read_again_and_at_last_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashes: int, during: str, cut: str
) -> None:
    path = make(tmp_path / "c.mp4", *X264)
    whole = read_clip(path, max_anchors=4).frames
    script, begun = tmp_path / "ffmpeg", tmp_path / "begun"
    often = f'echo >> {begun}; test "$(wc -l < {begun})" -le {crashes}'
    crash = f'if {often}; then {FFMPEG} "$@" {cut}; kill -SEGV $$; fi'
    script.write_text(f'#!/bin/sh\ncase "$*" in *{during}*) {crash};; esac\nexec {FFMPEG} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    if crashes == MOST_ATTEMPTS:
        with pytest.raises(ClipError, match="crashes over it|could be read again"):
            read_clip(path, max_anchors=4)
    else:
        np.testing.assert_array_equal(read_clip(path, max_anchors=4).frames, whole)


@pytest.mark.parametrize(
    ("within", "rest"), [("type:P", ""), ("color_range:pc", ""), ("encoder         : Lavf[0-9.]*", r"\n[info]")]
)
def test_damage_that_is_told_in_the_middle_of_a_line_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: str, rest: str
) -> None:
    path = make(tmp_path / "c.gif")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    script, begun = tmp_path / "ffmpeg", tmp_path / "begun"
    mix = f"grep -v LZW | sed -e 's/{within}.*/&LZW decode failed{rest}/'"
    script.write_text(
        f'#!/bin/sh\nif test -e {begun}; then exec {FFMPEG} "$@"; fi\ntouch {begun}; {FFMPEG} "$@" 2>&1 | {mix} >&2\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    with pytest.raises(ClipError, match=r"damaged, or not a video \(LZW"):
        open_clip(path)


@pytest.mark.parametrize("title", ["Packet corrupt", "one\n[error] two", "[h264 @ 0x1] [fatal] three"])
def test_what_a_title_says_is_no_damage(tmp_path: Path, title: str) -> None:
    path = make(tmp_path / "c.mkv", *X264, "-metadata", f"title={title}", frames=4)
    assert open_clip(path).total_frames == 4


@pytest.mark.slow
def test_an_animated_webp_does_not_crash_its_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_clip, "MOST_ATTEMPTS", 1)
    path = make(tmp_path / "c.webp", "-c:v", "libwebp_anim")
    with ThreadPoolExecutor(4) as threads:  # it crashed over one in twenty
        assert set(threads.map(lambda _: open_clip(path).total_frames, range(60))) == {48}


def test_a_decoder_that_hangs_in_the_middle_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "c.mp4", *X264)
    script = tmp_path / "ffmpeg"
    script.write_text(f'#!/bin/sh\ncase "$*" in *rawvideo*) exec sleep 600;; *) exec {FFMPEG} "$@";; esac\n')
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    clip, started = open_clip(path, timeout=2), time.monotonic()
    with pytest.raises(ClipError, match="its decoder was stopped after 2 s"):
        next(clip.frames())
    assert time.monotonic() - started < 30
