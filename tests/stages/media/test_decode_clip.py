"""Clips of the kinds that people bring: every frame is the frame of its time, and looks as a player shows it."""

import subprocess
import sys
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from common.errors import ClipError
from stages.media.ingest import open_clip, read_clip
from stages.media.scan_clip import MOST_CRASHES

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
WIDTH, HEIGHT, BITS = 192, 128, 8
PATCHES = ((192, 96, 64), (128, 64, 32), (240, 200, 160), (64, 64, 64), (192, 192, 192), (32, 96, 192))


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A frame that says its number in binary, in blocks of black and white along its top, above six known colours."""
    image = np.full((height, width, 3), 128, np.uint8)
    for bit in range(BITS):
        image[: height // 4, bit * width // BITS : (bit + 1) * width // BITS] = 255 * (number >> bit & 1)
    for index, colour in enumerate(PATCHES):
        image[height // 2 :, index * width // 6 : (index + 1) * width // 6] = colour
    return image


def numbers(frames: np.ndarray) -> list[int]:
    """What the frames say their numbers are."""
    height, width = frames.shape[1:3]
    blocks = frames[:, height // 16 : height // 5].mean(axis=(1, 3))  # (T, W)
    middles = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return [sum(int(row[middle] > 128) << bit for bit, middle in enumerate(middles)) for row in blocks]


def patches(frame: np.ndarray) -> np.ndarray:
    """(6, 3) the colours that a frame shows."""
    height, width = frame.shape[:2]
    middles = [(2 * index + 1) * width // 12 for index in range(6)]
    return np.stack([frame[3 * height // 4, middle - 4 : middle + 4].mean(axis=0) for middle in middles])


def make(path: Path, *options: str, frames: int = 48, before: tuple[str, ...] = (), size: tuple[int, int] = (192, 128)):
    """A clip of numbered frames, 24 a second."""
    content = np.stack([picture(number, *size) for number in range(frames)]).tobytes()
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "24", "-i", "-"]
    run(*source, *before, *options, path, content=content)
    return path


def run(*arguments: object, content: bytes | None = None) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-y", *map(str, arguments)], input=content, check=True)


X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2")
X265 = ("-c:v", "libx265", "-pix_fmt", "yuv420p")
QUIET = "log-level=none:keyint=12:min-keyint=12"


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
@pytest.mark.parametrize("anchors", [64, 7])
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


HDR = {"pq": ("smpte2084", 16), "hlg": ("arib-std-b67", 18)}


def hdr_frame(curve: str) -> np.ndarray:
    """`picture(0)` in BT.2020, uint16, by the formulas of BT.2100, white at 203 cd/m2 or 75 %."""
    image = picture(0) / 255.0
    light = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    light = light @ np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]).T
    if curve == "pq":
        power = (light * 0.0203) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        scene = light * 0.265
        signal = np.where(
            scene <= 1 / 12,
            np.sqrt(3 * scene),
            0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073,
        )
    return (signal * 65535 + 0.5).astype(np.uint16)


def make_hdr(path: Path, curve: str, tags: tuple[str, ...]) -> Path:
    content = hdr_frame(curve).tobytes() * 4
    source = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "-"]
    matrix = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le"
    codec = ["-c:v", "libx265", "-x265-params", "log-level=none:lossless=1"]
    plain = path.with_name(f"untagged-{path.name}")
    run(*source, "-vf", matrix, *codec, plain, content=content)
    run("-i", plain, "-c", "copy", "-bsf:v", f"hevc_metadata={':'.join(tags)}", path)
    return path


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_hdr_becomes_sdr_with_white_at_white(tmp_path: Path, curve: str) -> None:
    tags = ("colour_primaries=9", f"transfer_characteristics={HDR[curve][1]}", "matrix_coefficients=9")
    clip = open_clip(make_hdr(tmp_path / "c.mp4", curve, tags))
    assert "HDR" in clip.notes[0]
    np.testing.assert_allclose(patches(next(clip.frames())), PATCHES, atol=4)


def test_wide_colours_without_a_word_on_their_curve_are_refused_with_the_mend(tmp_path: Path) -> None:
    tags = ("colour_primaries=9", "transfer_characteristics=2", "matrix_coefficients=9")
    with pytest.raises(ClipError, match=r"not whether they are SDR, HLG or PQ\. Say it: ffmpeg"):
        open_clip(make_hdr(tmp_path / "c.mp4", "pq", tags))


def test_wide_sdr_colours_become_srgb(tmp_path: Path) -> None:
    content = np.full((HEIGHT, WIDTH, 3), (164, 104, 70), np.uint8).tobytes() * 4  # C06040 in BT.2020
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "-"]
    matrix = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p"
    run(*source, "-vf", matrix, "-c:v", "libx265", "-x265-params", "log-level=none", tmp_path / "plain.mp4",
        content=content)  # fmt: skip
    tags = "hevc_metadata=colour_primaries=9:transfer_characteristics=14:matrix_coefficients=9"
    run("-i", tmp_path / "plain.mp4", "-c", "copy", "-bsf:v", tags, tmp_path / "c.mp4")
    clip = open_clip(tmp_path / "c.mp4")
    assert "bt2020" in clip.notes[0]
    np.testing.assert_allclose(next(clip.frames())[64, 96], (192, 96, 64), atol=4)


def test_linear_light_becomes_srgb_and_log_footage_is_refused(tmp_path: Path) -> None:
    def tagged(curve: str) -> Path:
        tags = f"format=gbrp10le,setparams=color_trc={curve}"
        return make(tmp_path / f"{curve}.mkv", "-vf", tags, "-c:v", "ffv1", frames=4)

    linear = np.array(PATCHES) / 255
    right = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(patches(read_clip(tagged("linear")).frames[0]), right, atol=2)
    with pytest.raises(
        ClipError, match=r"colours not known here \(csp:gbr prim:unknown trc:log100\). Export it in BT.709"
    ):
        open_clip(tagged("log100"))


@pytest.mark.parametrize(
    ("size", "matrix"), [((1920, 1080), "bt709"), ((1280, 720), "bt709"), ((720, 576), "smpte170m")]
)
def test_untagged_colours_are_read_as_players_read_them(tmp_path: Path, size: tuple[int, int], matrix: str) -> None:
    scale = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    path = make(tmp_path / "tagged.mp4", "-vf", scale, "-c:v", "libx264", "-preset", "ultrafast", frames=2, size=size)
    bare = "h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2"
    run("-i", path, "-c", "copy", "-bsf:v", bare, "-color_range", "tv", tmp_path / "c.mp4")
    np.testing.assert_allclose(patches(next(open_clip(tmp_path / "c.mp4").frames())), PATCHES, atol=4)


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


def test_cover_art_and_smaller_tracks_are_not_the_clip(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *X264)
    run("-f", "lavfi", "-i", "color=red:size=800x800", "-frames:v", "1", tmp_path / "cover.png")
    run("-i", tmp_path / "cover.png", "-i", film, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0",
        "attached_pic", tmp_path / "c.mp4")  # fmt: skip
    assert read_clip(tmp_path / "c.mp4").total_frames == 48


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


def test_what_is_transparent_is_grey(tmp_path: Path) -> None:
    clear = "format=rgba,colorchannelmixer=aa=0"
    assert (
        np.abs(read_clip(make(tmp_path / "c.mov", "-vf", clear, "-c:v", "qtrle")).frames.astype(int) - 128) <= 1
    ).all()


def test_many_anchors_of_a_long_clip_are_chosen_by_their_times(tmp_path: Path) -> None:
    path = tmp_path / "c.mkv"
    run("-f", "lavfi", "-i", "testsrc2=size=32x32:rate=100", "-frames:v", "6000", "-c:v", "ffv1", path)
    clip = open_clip(path, max_anchors=4096)
    assert len(clip.times) == 4096
    assert sum(1 for _ in clip.frames()) == 4096


@pytest.mark.slow
def test_a_minute_is_read_in_the_memory_of_a_frame(tmp_path: Path) -> None:
    code = (
        "import re, resource, sys\nfrom stages.media.ingest import open_clip\n"
        "for frame in open_clip(sys.argv[1]).frames(): pass\n"
        "own = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "print((own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10)"
    )
    path = tmp_path / "c.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=24", "-frames:v", "48")
    run(*source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1000  # MB


@pytest.mark.parametrize("crashes", [1, MOST_CRASHES])
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
    if crashes == MOST_CRASHES:
        with pytest.raises(ClipError, match="crashes over it|could be read again"):
            read_clip(path, max_anchors=4)
    else:
        np.testing.assert_array_equal(read_clip(path, max_anchors=4).frames, whole)


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
