"""Clips of frames that say their numbers, above six known colours."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
import numpy as np

WIDTH, HEIGHT, BITS = 192, 128, 8
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()

PATCHES = ((192, 96, 64), (128, 64, 32), (240, 200, 160), (64, 64, 64), (192, 192, 192), (32, 96, 192))

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2")

X265 = ("-c:v", "libx265", "-pix_fmt", "yuv420p")

QUIET = "log-level=none:keyint=12:min-keyint=12"


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
    path.write_bytes(_made(path.suffix, options, frames, before, size))
    return path


@cache
def _made(suffix: str, options: tuple[str, ...], frames: int, before: tuple[str, ...], size: tuple[int, int]) -> bytes:
    """The file, encoded once for all tests of a process."""
    content = np.stack([picture(number, *size) for number in range(frames)]).tobytes()
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "24", "-i", "-"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{suffix}"
        run(*source, *before, *options, path, content=content)
        return path.read_bytes()


def run(*arguments: object, content: bytes | None = None) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-y", *map(str, arguments)], input=content, check=True)
