"""Reading what users give: reference clips and pictures of faces. Every wait is bounded."""

import hashlib
import io
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from stages import storage
from stages.decode_clip import conversion, read_frames, spread
from stages.errors import ClipError, UnreadableImage
from stages.messages import quoted, told
from stages.scan_clip import scan_clip

LARGEST_PICTURE = 100_000_000  # pixels; a small file may unfold into more than a machine's memory
# Bytes; what the largest picture needs without compression. Some files never end: /dev/zero, a pipe somebody fills.
LARGEST_FILE = 320 << 20
Image.MAX_IMAGE_PIXELS = None  # our own limit stands in its place, with our own words
# Not all that Pillow knows: for EPS it would start Ghostscript, which runs the file as a program.
Image.init()  # which of these this Pillow was built with
KNOWN = ("JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "TIFF", "GIF", "BMP", "PPM", "TGA")
FORMATS = tuple(kind for kind in KNOWN if kind in Image.OPEN)
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
STRIP = 4_000_000  # pixels that are converted at a time
# What other files begin with, and what a person calls them.
OTHERS = (
    (rb"%PDF", "a PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (rb"....ftyp(hei|hev|mif1|msf1)", "a HEIC picture"),
    (rb"....ftyp(?!avi[fs])|\x1a\x45\xdf\xa3|RIFF....AVI ", "a video"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", "an SVG drawing"),
    (rb"\s*<(!doctype )?html", "a web page"),
)
OURS = rb"\xff\xd8\xff|\x89PNG|RIFF....WEBP|GIF8|II\*\0|MM\0\*|\0\0\0\x0cjP  |\xff\x4f\xff\x51|....ftypavi[fs]"


@dataclass(frozen=True)
class Clip:
    """Frames of a reference clip.

    Attributes:
        frames: (T, H, W, 3) uint8, sRGB, upright, progressive, of square pixels.
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


@dataclass(frozen=True)
class OpenClip:
    """A reference clip of which no frame is in memory yet.

    Attributes:
        path: the file.
        times: (T,) float64 seconds, of the frames that `frames` gives.
        fps: the clip's own frames a second, on average over its length.
        total_frames: how many frames the clip has.
        width, height: of a frame.
        sha256: of the file's bytes, in hex.
        notes: what was converted, and what is odd about it; each a part of a sentence.
    """

    path: Path
    times: np.ndarray
    fps: float
    total_frames: int
    width: int
    height: int
    sha256: str
    notes: tuple[str, ...]
    _frames: Callable[[], Iterator[np.ndarray]]

    def frames(self) -> Iterator[np.ndarray]:
        """The frames in their order, one by one, (H, W, 3) uint8 sRGB.

        Raises:
            ClipError: the file cannot be read again.
        """
        return self._frames()


def open_clip(path: Path | str, max_anchors: int = 64, timeout: float = 120.0) -> OpenClip:
    """Look at a whole clip, and choose frames that are evenly spread over its time.

    The whole file is decoded before any frame is used: decoders pass over damage in silence, and show the frames
    before it again. Decoders run as programs of their own and are killed when they hang.

    Args:
        path: a video file with at least two frames, or an animated picture.
        max_anchors: most frames to choose, at least 2; the first and the last are always chosen.
        timeout: seconds without any sign of progress.

    Raises:
        ClipError: no such file, no video, damaged, cut short, a single frame, colours that cannot be known, or a
            decoder that hangs.
    """
    path = Path(path)
    if not path.is_file():
        raise ClipError(f"{path}: there is no such file." if not path.exists() else f"{path}: a folder, not a clip.")
    if not path.stat().st_size:
        raise ClipError(f"{path}: an empty file.")
    clip = scan_clip(path, timeout)
    if (count := len(clip.times)) < 2:
        raise ClipError(
            f"{path}: has {count} frame, and a movement needs at least 2. Use a clip that shows a movement."
        )
    how = conversion(clip, path)
    chosen = spread(clip.times, max_anchors)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return OpenClip(
        path,
        clip.times[chosen],
        (count - 1) / max(float(clip.times[-1] - clip.times[0]), 1e-9),
        count,
        how.width,
        how.height,
        digest,
        (*how.told, *clip.notes),
        lambda: read_frames(path, clip, how, chosen, timeout),
    )


def read_clip(path: Path | str, max_anchors: int = 64, timeout: float = 120.0) -> Clip:
    """Read a clip, evenly sampled over its time, with all its frames in memory.

    Args, Raises:
        as for `open_clip`.
    """
    clip = open_clip(path, max_anchors, timeout)
    frames = np.empty((len(clip.times), clip.height, clip.width, 3), np.uint8)
    for frame, content in zip(frames, clip.frames(), strict=True):
        frame[:] = content
    return Clip(frames, clip.times, clip.fps, clip.total_frames, clip.sha256)


def fetch(uri: str, timeout: float = 60.0) -> bytes:
    """A picture's bytes, from a path or a URI that `pyarrow.fs` reads (file://, s3://, gs://).

    Args:
        uri: where it is.
        timeout: seconds; a share that has gone away would block for ever. The blocked thread is left behind: no
            thread can be stopped from outside.

    Raises:
        UnreadableImage: it cannot be read, takes too long, or has more than `LARGEST_FILE` bytes.
    """
    try:
        return storage.bounded(lambda: _read(uri), timeout)
    except TimeoutError as error:
        raise UnreadableImage(
            f"image {quoted(uri)} did not arrive within {timeout:g} s. Is its file system or server there?"
        ) from error
    except OSError as error:
        raise UnreadableImage(f"image {quoted(uri)} cannot be read: {storage.why(error)}.") from error


def decode_image(data: bytes, name: str = "") -> np.ndarray:
    """A picture from a file's bytes.

    Turned upright by its EXIF rotation; of an animation the first frame; what is transparent becomes black.

    Args:
        data: JPEG, PNG, WebP, or another of `FORMATS`.
        name: the file's, for messages.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        UnreadableImage: empty, no picture, cut short, or larger than `LARGEST_PICTURE` or the memory allow.
    """
    if not data:
        raise UnreadableImage(f"image {quoted(name)} is not readable: the file is empty.")
    try:
        picture, orientation = _decoded(data, name)
        return _upright(_pixels(picture), orientation)
    except MemoryError as error:
        raise UnreadableImage(f"image {quoted(name)} needs more memory than there is. Make it smaller.") from error


def _decoded(data: bytes, name: str) -> tuple[Image.Image, int]:
    """A picture in its own mode, as the camera stored it, and how the camera was held."""
    try:
        # Warnings are of metadata that are damaged, or other than they should be.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > LARGEST_PICTURE:
                raise UnreadableImage(
                    f"image {quoted(name)} has {width} x {height} pixels, more than {LARGEST_PICTURE // 10**6} million."
                )
            picture.load()
            return picture, _orientation(picture)
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        raise UnreadableImage(f"image {quoted(name)} is not readable: {_what_is_wrong(error, data)}") from error


def _what_is_wrong(error: Exception, data: bytes) -> str:
    """Why a file could not be decoded, as the end of a sentence, and what helps."""
    if isinstance(error, UnidentifiedImageError) and not re.match(OURS, data, re.DOTALL):
        start = data[:1000]
        found = [name for pattern, name in OTHERS if re.match(pattern, start, re.DOTALL | re.IGNORECASE)]
        what = f"it is {found[0]}, " if found else ""
        return f"{what}no picture format that is known here. Convert it to JPEG or PNG."
    if "MAX_TEXT" in str(error):
        return "its metadata unfold to more than a picture's should. Save it again without its metadata."
    said = "" if isinstance(error, UnidentifiedImageError) else f" ({told(error)})"
    return f"damaged or cut short{said}, with {len(data):,} bytes. Copy or export it again."


def _orientation(picture: Image.Image) -> int:
    """How the camera was held, 1 to 8; 1 is upright, and what counts where the metadata are damaged."""
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # Pillow's reader of EXIF raises whatever the damage leads it to
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, 3) as the camera stored it -> upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _pixels(picture: Image.Image) -> np.ndarray:
    """A picture of any mode as (H, W, 3) uint8.

    In strips: a large picture is in memory twice, as the decoder has it and as it is wanted, and not six times.
    """
    width, height = picture.size
    rows = max(1, STRIP // max(width, 1))
    boxes = [(0, top, width, min(top + rows, height)) for top in range(0, height, rows)]
    white = _white(picture, boxes) if picture.mode.startswith(("I", "F")) else 0.0
    pixels = np.empty((height, width, 3), np.uint8)
    for box in boxes:
        pixels[box[1] : box[3]] = np.asarray(_rgb(picture.crop(box), white))
    return pixels


def _white(picture: Image.Image, boxes: list[tuple[int, int, int, int]]) -> float:
    """Which value means white in a grey picture of wide numbers: told from the highest that it has."""
    highest = 0.0
    for box in boxes:
        values = np.asarray(picture.crop(box))
        highest = max(highest, float(values.max(initial=0, where=np.isfinite(values))))
    if picture.mode.startswith("F") and highest <= 2:
        return 1.0  # with room for highlights
    return next((white for white in (255.0, 65535.0, 2.0**31 - 1) if highest <= white), highest)


def _rgb(picture: Image.Image, white: float) -> Image.Image:
    """Any mode as 8-bit RGB; wide numbers are scaled to `white`, for Pillow would cut them off."""
    if picture.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(picture, np.float64), nan=0.0, posinf=white, neginf=0.0)
        picture = Image.fromarray((values / white * 255).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture)
    return picture.convert("RGB")


def _read(uri: str) -> bytes:
    if storage.is_uri(uri):
        files, path = storage.filesystem(uri)
        with files.open_input_stream(path) as stream:
            return _whole(stream.read)
    status = Path(uri).stat()
    for test, name in OTHER_THAN_FILES:
        if test(status.st_mode):
            raise OSError(f"it is {name}, not a file")
    if status.st_size > LARGEST_FILE:
        raise OSError(f"it has {status.st_size >> 20:,} MB, more than {LARGEST_FILE >> 20}")
    with Path(uri).open("rb") as file:
        return _whole(file.read)


# A pipe may be one on purpose: then somebody writes to it.
OTHER_THAN_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def _whole(read: Callable[[int], bytes]) -> bytes:
    """All that a stream has, unless that is too much."""
    parts, size = [], 0
    while part := read(4 << 20):
        parts.append(part)
        size += len(part)
        if size > LARGEST_FILE:
            raise OSError(f"it has more than {LARGEST_FILE >> 20} MB")
    return b"".join(parts)
