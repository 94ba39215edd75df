"""Clips of every kind that people bring, each of frames that say their own numbers."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from stages.ingest import Clip, open_clip, read_clip
from tests.corpus.kinds import Kind, Outcome, ffmpeg, write
from tests.stages.test_decode_clip import PATCHES, make, numbers, patches

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "12")
X265 = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params")
QUIET = "log-level=none:keyint=12:min-keyint=12"
VP9 = ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime")
CLEAR = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(gt(X,96),0,255)'"
WIDE = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,setparams=colorspace=bt2020nc:color_primaries="


def read(path: Path) -> tuple[Clip, Iterable[str]]:
    """A clip's frames, and what is said of it."""
    return read_clip(path, max_anchors=4096), open_clip(path).notes


def whole(clip: Clip) -> bool:
    """Whether every frame is there, in its order, with its own colours."""
    return numbers(clip.frames) == list(range(12)) and np.abs(patches(clip.frames[3]) - PATCHES).max() < 10


def ordered(clip: Clip) -> bool:
    """Whether every frame is there in its order."""
    return numbers(clip.frames) == list(range(12))


def sized(width: int, height: int) -> Callable[[Clip], bool]:
    """Whether frames have a size."""
    return lambda clip: clip.frames.shape[1:3] == (height, width)


def clip(
    name: str,
    file: str,
    *options: str,
    outcome: Outcome = "read",
    right: Callable[[Clip], bool] = whole,
    says: str = "",
) -> Kind:
    """A kind that ffmpeg writes with some options."""
    return Kind(name, lambda folder: make(folder / file, *options, frames=12), outcome, right, says)


def copied(
    name: str,
    file: str,
    *options: str,
    before: tuple[str, ...] = (),
    outcome: Outcome = "read",
    right: Callable[[Clip], bool] = whole,
    says: str = "",
    source: tuple[str, ...] = X264,
) -> Kind:
    """A kind that is an ordinary clip, copied with some options and not encoded again."""

    def made(folder: Path) -> Path:
        plain = make(folder / "plain.mp4", *source, frames=12)
        ffmpeg(*before, "-i", plain, "-c", "copy", *options, folder / file)
        return folder / file

    return Kind(name, made, outcome, right, says)


def changed(name: str, kind: Kind, change: Callable[[bytes], bytes], says: str) -> Kind:
    """A kind that is another, with its bytes changed, and refused."""

    def made(folder: Path) -> Path:
        path = kind.make(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return Kind(name, made, "refused", says=says)


MP4 = clip("MP4, H.264 with B frames", "c.mp4", *X264)
CONTAINERS = [
    MP4,
    clip("MP4, H.264, open groups of pictures", "c.mp4", *X264[:4], "-x264-params", "open-gop=1:keyint=6:min-keyint=6"),
    clip("MP4, HEVC, closed groups", "c.mp4", *X265, f"{QUIET}:open-gop=0"),
    clip("MP4, HEVC, open groups", "c.mp4", *X265, f"{QUIET}:open-gop=1"),
    clip("MP4, HEVC of 12 bits, 4:2:2", "c.mp4", "-c:v", "libx265", "-pix_fmt", "yuv422p12le", *X265[4:], QUIET),
    clip("MP4, AV1", "c.mp4", "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    clip("MP4, VVC", "c.mp4", "-c:v", "libvvenc", "-preset", "faster", "-pix_fmt", "yuv420p10le"),
    clip("MP4, fragmented", "c.mp4", *X264, "-movflags", "+frag_keyframe+empty_moov"),
    copied("MP4 that begins later than its sound", "c.mp4", before=("-itsoffset", "1.3")),
    copied("MP4 with a time code", "c.mov", "-timecode", "01:00:00:00"),
    clip("MOV, ProRes", "c.mov", "-c:v", "prores_ks"),
    clip("MOV, Motion JPEG", "c.mov", "-c:v", "mjpeg", "-q:v", "2"),
    clip("MOV, uncompressed", "c.mov", "-c:v", "v210"),
    clip("MOV, CineForm", "c.mov", "-c:v", "cfhd"),
    clip("Matroska, FFV1 (no loss)", "c.mkv", "-c:v", "ffv1"),
    copied("Matroska of a live recording, without length", "c.mkv", "-live", "1"),
    clip("WebM, VP8", "c.webm", "-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime"),
    clip("WebM, VP9", "c.webm", *VP9),
    clip("MPEG-TS, H.264", "c.ts", *X264),
    clip("MPEG-TS, HEVC", "c.ts", *X265, QUIET),
    clip("AVCHD (.mts)", "c.mts", *X264, "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    clip("MPEG program stream", "c.mpg", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "2"),
    clip("DVD (.vob)", "c.vob", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "2", "-f", "vob"),
    clip("MXF", "c.mxf", "-c:v", "mpeg2video", "-q:v", "2"),
    clip("AVI, H.264 with B frames", "c.avi", *X264),
    clip("AVI, Xvid or DivX", "c.avi", "-c:v", "mpeg4", "-bf", "2", "-q:v", "2"),
    clip("AVI, Motion JPEG", "c.avi", "-c:v", "mjpeg", "-q:v", "2"),
    clip("Windows Media", "c.wmv", "-c:v", "wmv2", "-q:v", "2"),
    clip("Flash video", "c.flv", *X264),
    clip("Ogg Theora", "c.ogv", "-c:v", "libtheora", "-q:v", "9"),
    clip("RealMedia", "c.rm", "-vf", "scale=176:144:flags=neighbor", "-c:v", "rv20", "-q:v", "2", right=ordered),
    clip(
        "Telephones' 3GP, H.263",
        "c.3gp",
        "-vf",
        "scale=176:144",
        "-r",
        "24",
        "-c:v",
        "h263",
        "-q:v",
        "2",
        outcome="converted",
        right=ordered,
        says="stretched to 192x144",
    ),
    clip("Y4M", "c.y4m", "-pix_fmt", "yuv420p"),
    clip("Bare H.264 (.h264)", "c.h264", *X264),
    clip("Bare HEVC (.hevc)", "c.hevc", *X265, QUIET),
    clip("GIF", "c.gif", "-filter_complex", "split[a][b];[b]palettegen[p];[a][p]paletteuse"),
    clip("Animated WebP", "c.webp", "-c:v", "libwebp_anim", "-lossless", "1"),
    clip("Animated PNG", "c.png", "-f", "apng"),
    clip("Animated AVIF", "c.avif", "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv444p"),
]
SHAPES = [
    copied(
        "Cut without encoding again (an edit list)",
        "c.mp4",
        before=("-ss", "0.25"),
        right=lambda clip: numbers(clip.frames) == list(range(6, 12)),
    ),
    clip(
        "Frames at uneven times, with a pause",
        "c.mkv",
        "-vf",
        "setpts='PTS+if(gte(N,6),5/TB,0)'",
        "-fps_mode",
        "vfr",
        *X264,
        right=lambda clip: ordered(clip) and np.diff(clip.times).argmax() == 5,
    ),
    clip(
        "Frames that share their times in pairs",
        "c.mkv",
        "-vf",
        "setpts='floor(N/2)*2/24/TB'",
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
        outcome="converted",
        says="put between the others",
    ),
    copied("Turned by 90° (a display matrix)", "c.mp4", before=("-display_rotation:v:0", "90"), right=sized(128, 192)),
    copied("Turned by 45°", "c.mp4", before=("-display_rotation:v:0", "45"), right=sized(192, 128)),
    copied(
        "Mirrored (a display matrix)",
        "c.mp4",
        before=("-display_hflip:v:0",),
        right=lambda clip: ordered(Clip(clip.frames[:, :, ::-1], clip.times, 0, 0, "")),
    ),
    clip("Pixels twice as wide as high", "c.mp4", "-vf", "setsar=2/1", *X264, outcome="converted", says="to 384x128"),
    copied(
        "Pixels that are not square, turned by 90°",
        "c.mp4",
        before=("-display_rotation:v:0", "90"),
        source=("-vf", "setsar=2/1", *X264),
        outcome="converted",
        right=sized(128, 384),
        says="128x192",
    ),
    copied(
        "Cropped by its encoder", "c.mp4", "-bsf:v", "h264_metadata=crop_left=32:crop_right=32", right=sized(128, 128)
    ),
    clip(
        "An odd number of rows and columns",
        "c.mkv",
        "-vf",
        "scale=95:77:flags=neighbor",
        "-c:v",
        "ffv1",
        right=lambda clip: ordered(clip) and sized(95, 77)(clip),
    ),
]
COLOURS = [
    clip("Grey", "c.mp4", "-c:v", "libx264", "-pix_fmt", "gray", right=ordered),
    clip("RGB in H.264", "c.mp4", "-c:v", "libx264rgb"),
    clip("Full range (JPEG's)", "c.mp4", "-vf", "scale=out_range=pc", "-c:v", "libx264", "-pix_fmt", "yuvj420p"),
    clip("10 bits", "c.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
    clip(
        "HD without a word on its colours",
        "c.mp4",
        "-vf",
        "scale=1920:1080:out_color_matrix=bt709:flags=neighbor",
        *X264,
        "-bsf:v",
        "h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2",
        outcome="converted",
        right=ordered,
        says="read as BT.709",
    ),
    clip(
        "HDR, HLG",
        "c.mkv",
        "-vf",
        f"{WIDE}bt2020:color_trc=arib-std-b67",
        "-c:v",
        "libx264",
        outcome="converted",
        right=ordered,
        says="HDR (HLG) brought to SDR",
    ),
    clip(
        "HDR, PQ",
        "c.mkv",
        "-vf",
        f"{WIDE}bt2020:color_trc=smpte2084",
        "-c:v",
        "libx264",
        outcome="converted",
        right=ordered,
        says="HDR (PQ) brought to SDR",
    ),
    clip(
        "BT.2020, SDR",
        "c.mkv",
        "-vf",
        f"{WIDE}bt2020:color_trc=bt2020-10",
        "-c:v",
        "libx264",
        outcome="converted",
        right=ordered,
        says="brought to sRGB",
    ),
    clip(
        "BT.2020 without a word on its curve",
        "c.mkv",
        "-vf",
        WIDE + "bt2020",
        "-c:v",
        "libx264",
        outcome="refused",
        says="SDR, HLG or PQ",
    ),
    clip(
        "Display P3",
        "c.mkv",
        "-vf",
        "format=gbrp,setparams=color_primaries=smpte432:color_trc=bt709",
        "-c:v",
        "ffv1",
        outcome="converted",
        right=ordered,
        says="smpte432 brought to sRGB",
    ),
    clip(
        "Linear light",
        "c.mkv",
        "-vf",
        "format=gbrp10le,setparams=color_trc=linear",
        "-c:v",
        "ffv1",
        outcome="converted",
        right=ordered,
        says="linear light",
    ),
    clip(
        "Log footage that says so",
        "c.mkv",
        "-vf",
        "format=gbrp10le,setparams=color_trc=log100",
        "-c:v",
        "ffv1",
        outcome="refused",
        says="colours not known here",
    ),
    clip(
        "YCgCo",
        "c.mkv",
        "-vf",
        "format=yuv444p,setparams=colorspace=ycgco",
        "-c:v",
        "ffv1",
        outcome="refused",
        says="ycgco",
    ),
    *(
        clip(
            f"Transparency, {name} (shown before a middle grey)",
            file,
            "-vf",
            CLEAR,
            *options,
            right=lambda clip: np.abs(patches(clip.frames[3])[3:] - 128).max() < 4,
        )
        for name, file, options in (
            ("ProRes 4444", "c.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le")),
            ("VP9", "c.webm", (*VP9, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0")),
            ("PNG in MOV", "c.mov", ("-c:v", "png")),
        )
    ),
]
REFUSED = [
    changed("Cut short", MP4, lambda data: data[: len(data) // 2], "damaged, or not a video"),
    changed("MPEG-TS cut short", CONTAINERS[18], lambda data: data[: len(data) // 376 * 188 + 100], "cut short"),
    changed("Ogg cut short", clip("", "c.ogv", "-c:v", "libtheora"), lambda data: data[: len(data) * 3 // 5], "cut"),
    changed("Damaged inside", MP4, lambda data: data[:600] + bytes(200) + data[800:], "damaged, or not a video"),
    Kind("One frame", lambda folder: make(folder / "c.mp4", *X264, frames=1), "refused", says="has 1 frame"),
    Kind("Only sound", lambda folder: _sound(folder / "c.m4a"), "refused", says="only sound"),
    copied(
        "Encrypted",
        "c.mp4",
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        "0" * 32,
        "-encryption_kid",
        "1" * 32,
        outcome="refused",
        says="encrypted",
    ),
    Kind("A playlist", write("c.m3u8", b"#EXTM3U\n#EXTINF:1,\na.ts\n"), "refused", says="a playlist (HLS)"),
    Kind("A list of clips", write("c.txt", b"ffconcat version 1.0\nfile a.mp4\n"), "refused", says="a list of clips"),
    Kind("An empty file", write("c.mp4", b""), "refused", says="an empty file"),
    Kind("A web page", write("c.mp4", b"<!DOCTYPE html><html>sign in</html>"), "refused", says="a web page"),
    Kind("A ZIP archive", write("c.mp4", b"PK\x03\x04" + bytes(40)), "refused", says="an archive"),
    Kind("A folder", lambda folder: folder, "refused", says="a folder, not a clip"),
]


def _sound(path: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    return path


CLIPS = [*CONTAINERS, *SHAPES, *COLOURS, *REFUSED]
