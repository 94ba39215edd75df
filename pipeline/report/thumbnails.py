"""Small images of videos for the report: first, middle and last frame side by side, as one JPEG."""

import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

HEIGHT = 192
# One broken or huge file must not hold up a report, nor all of them together.
SECONDS_EACH = 20.0
SECONDS_ALL = 180.0


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG with so many frames of equal size beside each other."""

    jpeg: bytes
    shots: int


def make_thumbnails(videos: Mapping[Path, int]) -> dict[Path, Thumbnail]:
    """The posters of videos, given with their number of frames.

    A video that cannot be read within its time is left out: the report shows it without an image.
    """
    until = time.monotonic() + SECONDS_ALL
    workers = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="poster") as pool:
        made = pool.map(lambda path: make_thumbnail(path, videos[path], until - time.monotonic()), videos)
        return {path: picture for path, picture in zip(videos, made, strict=True) if picture is not None}


def make_thumbnail(video: Path, frames: int, seconds: float = SECONDS_EACH) -> Thumbnail | None:
    """One video's poster, or nothing where ffmpeg does not give one in time.

    Args:
        video: the file.
        frames: how many it has; the first, the middle and the last are taken.
        seconds: how long it may take, at most `SECONDS_EACH`.
    """
    if not video.is_file():
        return None
    wanted = sorted({0, max(frames - 1, 0) // 2, max(frames - 1, 0)})
    chosen = "+".join(f"eq(n\\,{index})" for index in wanted)
    scaling = f"scale=-2:{HEIGHT}:flags=area,tile={len(wanted)}x1"
    jpeg = _ffmpeg(["-i", f"file:{video}", "-vf", f"select='{chosen}',{scaling}"], min(seconds, SECONDS_EACH))
    return Thumbnail(jpeg, len(wanted)) if jpeg else None


def shrink(picture: Path, width: int) -> bytes | None:
    """An image file as a JPEG of at most `width` pixels across, or nothing where it cannot be read."""
    return _ffmpeg(["-i", f"file:{picture}", "-vf", f"scale='min({width},iw)':-2:flags=area"], SECONDS_EACH)


def _ffmpeg(arguments: Iterable[str], seconds: float) -> bytes | None:
    """One JPEG out of ffmpeg, or nothing."""
    if seconds <= 0:
        return None
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-threads", "1", *arguments]
    command += ["-frames:v", "1", "-q:v", "4", "-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 and ended.stdout else None
