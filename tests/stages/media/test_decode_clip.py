"""Clips of the kinds that people bring: every frame is the frame of its time, and looks as a player shows it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.errors import ClipError
from stages.media.open_clip import open_clip, read_clip
from tests.stages.media.made_clips import (
    HEIGHT,
    QUIET,
    WIDTH,
    X264,
    X265,
    make,
    numbers,
    run,
)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("c.mp4", (*X264, "-g", "12")),
        ("open_gop.mp4", (*X264, "-x264-params", "open-gop=1:keyint=12:min-keyint=12")),
        ("c.mkv", (*X264, "-g", "12")),
        ("c.ts", (*X264, "-g", "12")),
        ("c.mts", (*X264, "-g", "12", "-f", "mpegts", "-mpegts_m2ts_mode", "1")),
        ("mpeg2.ts", ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "2")),
        ("c.mpg", ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "2")),
        ("c.vob", ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "2", "-f", "vob")),
        ("c.avi", (*X264, "-g", "12")),
        ("asp.avi", ("-c:v", "mpeg4", "-bf", "2", "-q:v", "2")),
        ("c.wmv", ("-c:v", "wmv2", "-q:v", "2")),
        ("c.flv", (*X264, "-g", "12")),
        ("closed.mp4", (*X265, "-x265-params", f"{QUIET}:open-gop=0")),
        ("open.mp4", (*X265, "-x265-params", f"{QUIET}:open-gop=1")),
        ("hevc.ts", (*X265, "-x265-params", f"{QUIET}:open-gop=1")),
        ("c.webm", ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime")),
        ("c.ogv", ("-c:v", "libtheora", "-q:v", "9")),
        ("c.mov", ("-c:v", "prores_ks")),
        ("c.gif", ("-filter_complex", "split[a][b];[b]palettegen[p];[a][p]paletteuse")),
        ("c.webp", ("-c:v", "libwebp_anim", "-lossless", "1")),
        (
            "c.png",
            (
                "-f",
                "apng",
            ),
        ),
        ("fragmented.mp4", (*X264, "-g", "12", "-movflags", "+frag_keyframe+empty_moov")),
        ("later.mp4", (*X264, "-output_ts_offset", "100")),
        ("raw.h264", X264),
    ],
)
@pytest.mark.parametrize("anchors", [64, pytest.param(7, marks=pytest.mark.slow)])
def test_every_frame_is_the_frame_of_its_time(tmp_path: Path, name: str, options: tuple[str, ...], anchors: int):
    clip = read_clip(make(tmp_path / name, *options), max_anchors=anchors)
    shown = numbers(clip.frames)
    assert clip.total_frames == 48
    assert (shown[0], shown[-1]) == (0, 47)
    assert shown == list(range(48)) if anchors == 64 else np.abs(shown - np.linspace(0, 47, 7)).max() < 1
    rate, slack = {".gif": (24, 0.5), ".webp": (24, 0.5)}.get(Path(name).suffix, (24, 0.05))
    np.testing.assert_allclose((clip.times - clip.times[0]) * rate, shown, atol=slack)


@pytest.mark.parametrize("codec", [(*X264, "-g", "24"), (*X265, "-x265-params", f"{QUIET}:open-gop=0")])
def test_what_was_cut_off_without_encoding_again_is_not_shown(tmp_path: Path, codec: tuple[str, ...]) -> None:
    whole = make(tmp_path / "whole.mp4", *codec)
    run("-ss", "0.75", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    clip = read_clip(tmp_path / "cut.mp4")
    assert numbers(clip.frames) == list(range(18, 48))
    np.testing.assert_allclose(clip.times, np.arange(30) / 24, atol=1e-3)


def test_a_pause_is_a_gap_between_times_and_anchors_are_spread_over_time(tmp_path: Path) -> None:
    paused = make(tmp_path / "c.mp4", "-vf", "setpts='PTS+if(gte(N,24),5/TB,0)'", "-fps_mode", "vfr", *X264)
    times = read_clip(paused).times
    assert np.diff(times).argmax() == 23
    assert np.diff(times).max() == pytest.approx(5 + 1 / 24, abs=0.01)
    assert len(read_clip(paused, max_anchors=16).times) < 16  # in the pause there are no frames


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        (("-display_hflip:v:0",), lambda frame: frame[:, ::-1]),
        (("-display_vflip:v:0",), lambda frame: frame[::-1]),
        (("-display_rotation:v:0", "90"), lambda frame: np.rot90(frame)),
        (("-display_rotation:v:0", "180"), lambda frame: frame[::-1, ::-1]),
        (("-display_rotation:v:0", "90", "-display_hflip:v:0"), lambda frame: np.rot90(frame)[:, ::-1]),
    ],
)
def test_a_display_matrix_is_obeyed(tmp_path: Path, matrix: tuple[str, ...], seen) -> None:
    plain = make(tmp_path / "plain.mp4", *X264, "-crf", "5", frames=4)
    run(*matrix, "-i", plain, "-c", "copy", tmp_path / "c.mp4")
    shown = read_clip(tmp_path / "c.mp4").frames[2].astype(int)
    ways = [seen(read_clip(plain).frames[2])]
    # ffmpeg's options turn and mirror in an order of their own.
    ways += [ways[0][::-1, ::-1]] if len(matrix) == 3 else []
    assert min(np.abs(shown - way).mean() for way in ways if way.shape == shown.shape) < 1


def test_a_turn_by_any_angle_keeps_the_frames_and_their_times(tmp_path: Path) -> None:
    run("-display_rotation:v:0", "30", "-i", make(tmp_path / "plain.mp4", *X264), "-c", "copy", tmp_path / "c.mp4")
    clip = read_clip(tmp_path / "c.mp4")
    assert clip.frames.shape == (48, HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(clip.times, np.arange(48) / 24, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "sar", "shape"),
    [("c.mp4", "2/1", (128, 384)), ("c.mkv", "64/45", (128, 273)), ("c.mp4", "1/2", (256, 192)), ("c.mpg", "4/3", 0)],
)
def test_pixels_become_square(tmp_path: Path, name: str, sar: str, shape: tuple[int, int]) -> None:
    codec = ("-c:v", "mpeg2video", "-q:v", "2") if name == "c.mpg" else X264
    clip = open_clip(make(tmp_path / name, "-vf", f"setsar={sar}", *codec))
    assert (clip.height, clip.width) == (shape or (128, clip.width))
    assert clip.width > 192 or clip.height > 128
    assert "not square" in clip.notes[0]
    assert numbers(np.stack(list(clip.frames()))) == list(range(48))


def test_pixels_that_only_the_container_stretches_become_square(tmp_path: Path) -> None:
    run("-i", make(tmp_path / "plain.mp4", *X264), "-c", "copy", "-aspect", "3/1", tmp_path / "c.mkv")
    assert open_clip(tmp_path / "c.mkv").width == 384


@pytest.mark.parametrize("first", ["tff", "bff"])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.slow
def test_woven_fields_are_made_whole_frames(tmp_path: Path, first: str, marked: bool, repository: Path) -> None:
    turn = repository / "weights/bundled/demo/head_turn.mp4"
    weave = f"interlace=scan={first}:lowpass=off" + ("" if marked else ",setfield=prog")
    flags = ("-flags", "+ildct+ilme") if marked else ()
    run("-i", turn, "-vf", weave, "-c:v", "libx264", "-crf", "12", *flags, tmp_path / "c.mp4")
    clip = open_clip(tmp_path / "c.mp4")
    assert clip.notes == ("deinterlaced",)
    woven = np.stack(list(clip.frames())).astype(float)
    # Between the rows of two fields there is no comb any more.
    comb = np.abs(woven[:, 1:-1:2] - (woven[:, :-2:2] + woven[:, 2::2]) / 2).mean()
    whole = np.stack(list(open_clip(turn).frames())).astype(float)
    assert comb < 1.3 * np.abs(whole[:, 1:-1:2] - (whole[:, :-2:2] + whole[:, 2::2]) / 2).mean()


def test_progressive_frames_that_are_marked_as_fields_stay_as_they_are(tmp_path: Path, repository: Path) -> None:
    smile = repository / "weights/bundled/demo/smile.mp4"
    run("-i", smile, "-c:v", "libx264", "-x264opts", "tff=1", "-flags", "+ildct+ilme", tmp_path / "c.mp4")
    assert open_clip(tmp_path / "c.mp4").notes == ()


def test_a_clip_in_3d_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "c.mkv", *X264, "-metadata:s:v:0", "stereo_mode=left_right")
    with pytest.raises(ClipError, match=r"in 3D.*side by side"):
        open_clip(tmp_path / "c.mkv")


def test_cover_art_and_smaller_tracks_are_not_the_clip(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *X264)
    run("-f", "lavfi", "-i", "color=red:size=800x800", "-frames:v", "1", tmp_path / "cover.png")
    run("-i", tmp_path / "cover.png", "-i", film, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0",
        "attached_pic", tmp_path / "c.mp4")  # fmt: skip
    assert read_clip(tmp_path / "c.mp4").total_frames == 48


def test_what_is_transparent_is_grey(tmp_path: Path) -> None:
    clear = "format=rgba,colorchannelmixer=aa=0"
    assert (
        np.abs(read_clip(make(tmp_path / "c.mov", "-vf", clear, "-c:v", "qtrle")).frames.astype(int) - 128) <= 1
    ).all()


@pytest.mark.slow
def test_many_anchors_of_a_long_clip_are_chosen_by_their_times(tmp_path: Path) -> None:
    path = tmp_path / "c.mkv"
    run("-f", "lavfi", "-i", "testsrc2=size=16x16:rate=100", "-frames:v", "4200", "-c:v", "ffv1", path)
    clip = open_clip(path, max_anchors=4096)
    assert len(clip.times) == 4096
    assert sum(1 for _ in clip.frames()) == 4096


@pytest.mark.slow
def test_a_minute_is_read_in_the_memory_of_a_frame(tmp_path: Path) -> None:
    code = (
        "import re, resource, sys\nfrom stages.media.open_clip import open_clip\n"
        "for frame in open_clip(sys.argv[1]).frames(): pass\n"
        "own = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "print((own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10)"
    )
    path = tmp_path / "c.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=1", "-frames:v", "60")  # 373 MB of pixels
    run(*source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400  # MB
