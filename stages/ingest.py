"""Reading what users give: reference clips and pictures of faces. Every wait is bounded."""

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pyarrow.fs
from PIL import Image, ImageOps, UnidentifiedImageError

from stages.errors import ClipError, UnreadableImage

DECODER = Path(__file__).with_name("decode_clip.py")
LARGEST_PICTURE = 100_000_000  # pixels; a small file may unfold into more than a machine's memory
Image.MAX_IMAGE_PIXELS = None  # our own limit stands in its place, with our own words
# Not all that Pillow knows: for EPS it would start Ghostscript, which runs the file as a program.
Image.init()  # which of these this Pillow was built with
KNOWN = ("JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "TIFF", "GIF", "BMP", "PPM", "TGA")
FORMATS = tuple(kind for kind in KNOWN if kind in Image.OPEN)


@dataclass(frozen=True)
class Clip:
    """Frames of a reference clip.

    Attributes:
        frames: (T, H, W, 3) uint8, RGB, upright.
        times: (T,) float64, seconds.
        fps: the clip's own frames a second, on average over its length.
        total_frames: how many frames the clip has.
        sha256: of the file's bytes, in hex.
    """

    frames: np.ndarray
    times: np.ndarray
    fps: float
    total_frames: int
    sha256: str


def read_clip(path: Path | str, max_anchors: int = 64, timeout: float = 120.0) -> Clip:
    """Read a clip, evenly sampled over its time.

    The whole file is checked before any frame is used: decoders pass over damage in silence, and show the frames
    before it again. Both steps run as programs of their own and are killed when their time is over.

    Args:
        path: a video file with at least two frames.
        max_anchors: most frames to keep, at least 2; the first and the last are always kept.
        timeout: seconds for each of the two steps.

    Raises:
        ClipError: no such file, no video, damaged, a single frame, or a decoder that hangs.
    """
    path = Path(path)
    if not path.is_file():
        raise ClipError(f"{path}: there is no such file." if not path.exists() else f"{path}: a folder, not a clip.")
    if not path.stat().st_size:
        raise ClipError(f"{path}: an empty file.")
    if (count := _count_frames(path, timeout)) < 2:
        raise ClipError(
            f"{path}: has {count} frame, and a movement needs at least 2. Use a clip that shows a movement."
        )
    with tempfile.TemporaryDirectory(prefix="micromotion-clip-") as folder:
        # -P: or the decoder's own imports would find our modules beside it before theirs.
        command = [sys.executable, "-P", str(DECODER), _unmistakable(path), folder, str(max_anchors)]
        status, said, _ = _run(command, timeout, path)
        if status != 0:
            raise ClipError(f"{path}: cannot be decoded ({said}). Convert it to H.264 in an .mp4 file.")
        frames = np.load(Path(folder) / "frames.npy")
        times = np.load(Path(folder) / "times.npy")
        total = int(np.load(Path(folder) / "total.npy"))
    fps = (total - 1) / max(float(times[-1] - times[0]), 1e-9)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Clip(frames, times, fps, total, digest)


def fetch(uri: str, timeout: float = 60.0) -> bytes:
    """A picture's bytes, from a path or a URI that `pyarrow.fs` reads (file://, s3://, gs://).

    Args:
        uri: where it is.
        timeout: seconds; a share that has gone away would block for ever. The blocked thread is left behind: no
            thread can be stopped from outside.

    Raises:
        UnreadableImage: it cannot be read, or takes too long.
    """
    outcome: list[bytes | Exception] = []

    def read() -> None:
        try:
            outcome.append(_read(uri))
        except Exception as error:  # handed over to the caller's thread
            outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise UnreadableImage(f'image "{uri}" did not arrive within {timeout:g} s. Is its file system or server there?')
    if isinstance(outcome[0], bytes):
        return outcome[0]
    reason = getattr(outcome[0], "strerror", None) or (str(outcome[0]).splitlines() or [type(outcome[0]).__name__])[0]
    raise UnreadableImage(f'image "{uri}" cannot be read: {reason}.') from outcome[0]


def decode_image(data: bytes, name: str = "") -> np.ndarray:
    """A picture from a file's bytes.

    Turned upright by its EXIF rotation; of an animation the first frame; what is transparent becomes black.

    Args:
        data: JPEG, PNG, WebP, or another of `FORMATS`.
        name: the file's, for messages.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        UnreadableImage: empty, no picture, cut short, or of more than `LARGEST_PICTURE` pixels.
    """
    if not data:
        raise UnreadableImage(f'image "{name}" is not readable: the file is empty.')
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > LARGEST_PICTURE:
                raise UnreadableImage(
                    f'image "{name}" has {width} x {height} pixels, more than {LARGEST_PICTURE // 10**6} million.'
                )
            return np.array(_rgb(ImageOps.exif_transpose(picture)))
    except UnreadableImage:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImage(
            f'image "{name}" is not readable: no picture format that is known here. Convert it to JPEG or PNG.'
        ) from error
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        raise UnreadableImage(f'image "{name}" is not readable: {error} (it has {len(data):,} bytes).') from error


def _rgb(picture: Image.Image) -> Image.Image:
    """Any mode as 8-bit RGB; sixteen bits are scaled, for Pillow would cut them off."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, np.float64)
        full = 65535.0 if values.max(initial=0) > 255 else 255.0
        picture = Image.fromarray((values / full * 255).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture)
    return picture.convert("RGB")


def _read(uri: str) -> bytes:
    if "://" not in uri:
        return Path(uri).read_bytes()
    files, path = pyarrow.fs.FileSystem.from_uri(uri)
    with files.open_input_stream(path) as stream:
        return stream.read()


def _unmistakable(path: Path) -> str:
    """A path that is never taken for an option or a protocol, as "-x.mp4" and "take:2.mp4" would be."""
    return str(path.absolute())


def _count_frames(path: Path, timeout: float) -> int:
    """How many frames ffmpeg decodes from end to end; it stops at the first damage."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    options = ["-nostdin", "-v", "error", "-xerror", "-progress", "pipe:1", "-i", _unmistakable(path)]
    status, said, progress = _run([ffmpeg, *options, "-map", "0:v:0", "-f", "null", "-"], timeout, path)
    if status == 0:
        return int(re.findall(r"^frame=\s*(\d+)", progress, re.MULTILINE)[-1])
    if "matches no streams" in said:
        raise ClipError(f"{path}: has no pictures, only sound or data. Use a video.")
    raise ClipError(f"{path}: damaged, or not a video ({said}). Copy or export it again.")


def _run(command: list[str], timeout: float, path: Path) -> tuple[int, str, str]:
    """Run a program on a clip; its exit status, what its last complaint says, and its output."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise ClipError(
            f"{path}: its decoder was stopped after {timeout:g} s. Cut the clip shorter, or export it again."
        ) from error
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    # Of several lines ffmpeg's one about streams explains most; else the last one.
    telling = [line for line in lines if "matches no streams" in line] or lines[-1:] or ["it gave no reason"]
    # Not for a person: where in the program it was noticed, by address, source line or exception class.
    words = re.sub(r"\[[^\]]*\]|^[\w.]+(Error|Exception):|\S+\.cc:\d+:", "", telling[0])
    return done.returncode, " ".join(words.split())[:200].rstrip("."), done.stdout.decode(errors="replace")
