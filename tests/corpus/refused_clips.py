"""Clips that are refused: cut short, damaged inside, or no clip."""

from pathlib import Path

from PIL import Image

from tests.corpus.clip_files import VP9, X264, changed, clip, copied
from tests.corpus.kinds import Kind, ffmpeg, write
from tests.stages.media.made_clips import make

MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2")
NOISE = ("-vf", "noise=alls=12:allf=t:all_seed=1")


def half(content: bytes) -> bytes:
    """A file that ends in its middle, and not between two packets of an even length."""
    return content[: len(content) // 2 | 1]


def cut(name: str, file: str, *options: str, says: str = "cut short") -> Kind:
    """A kind that ends in its middle."""
    return changed(f"{name}, cut short", clip("", file, *options), half, says)


def zeroed(name: str, file: str, *options: str) -> Kind:
    """A kind with 200 bytes in its middle that are nothing."""

    def damage(content: bytes) -> bytes:
        middle = len(content) // 2
        return content[:middle] + bytes(200) + content[middle + 200 :]

    return changed(f"{name}, damaged inside", clip("", file, *NOISE, *options), damage, "damaged, or not a video")


CUT = [
    cut("MP4, its index at the end", "c.mp4", *X264),
    cut("MP4, its index at the beginning", "c.mp4", *X264, "-movflags", "+faststart"),
    cut("MP4, fragmented", "c.mp4", *X264, "-movflags", "+frag_keyframe+empty_moov"),
    cut("MOV, ProRes", "c.mov", "-c:v", "prores_ks"),
    cut("Matroska", "c.mkv", *X264),
    cut("WebM", "c.webm", *VP9),
    cut("MPEG-TS", "c.ts", *X264),
    cut("MPEG program stream", "c.mpg", *MPEG2),
    cut("AVI", "c.avi", "-c:v", "mjpeg"),
    cut("Windows Media", "c.wmv", "-c:v", "wmv2"),
    cut("Flash video", "c.flv", *X264, says=""),
    cut("Ogg", "c.ogv", "-c:v", "libtheora"),
    cut("Y4M", "c.y4m", "-pix_fmt", "yuv420p"),
    cut("GIF", "c.gif", says="damaged, or not a video"),
    cut("Animated WebP", "c.webp", "-c:v", "libwebp_anim"),
    cut("Animated PNG", "c.png", "-f", "apng", says="damaged, or not a video"),
]
DAMAGED = [
    changed(
        "H.264, damaged inside",
        clip("", "c.mp4", *X264),
        lambda content: content[:600] + bytes(200) + content[800:],
        "damaged, or not a video",
    ),
    zeroed("AV1", "c.mkv", "-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "20", "-pix_fmt", "yuv420p"),
    zeroed("VP9", "c.webm", *VP9),
    zeroed("Xvid", "c.avi", "-c:v", "mpeg4", "-q:v", "2"),
    zeroed("Motion JPEG", "c.avi", "-c:v", "mjpeg", "-q:v", "2"),
]
REFUSED = [
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
    changed(
        "Two files joined into one (MP4)", clip("", "c.mp4", *X264), lambda content: 2 * content, "two files joined"
    ),
    Kind("An empty file", write("c.mp4", b""), "refused", says="an empty file"),
    Kind("A web page", write("c.mp4", b"<!DOCTYPE html><html>sign in</html>"), "refused", says="a web page"),
    Kind("A ZIP archive", write("c.mp4", b"PK\x03\x04" + bytes(40)), "refused", says="an archive"),
    Kind("A TIFF of several pages", lambda folder: _pages(folder / "c.tif"), "refused", says="a TIFF of 3 pages"),
    Kind("A folder", lambda folder: folder, "refused", says="a folder, not a clip"),
]


def _sound(path: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    return path


def _pages(path: Path) -> Path:
    pages = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path
