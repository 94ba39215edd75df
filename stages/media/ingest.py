"""Reading what users give: reference clips and images of faces. Every wait is bounded."""

import hashlib
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common import storage
from common.errors import ClipError, UnreadableImage
from common.redaction import quote
from common.table_images import is_in_table, read_from_table
from common.timeouts import with_timeout
from stages.media.decode_clip import conversion, read_frames, spread
from stages.media.scan_clip import scan_clip
from stages.media.web_images import is_web_address, read_from_web

# Bytes; what the largest image needs without compression. Some files never end: /dev/zero, a pipe somebody fills.
LARGEST_FILE = 320 << 20


@dataclass(frozen=True)
class ClipFrames:
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
        path: a video file with at least two frames, or an animated image.
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
        raise ClipError(f"{path}: has {count} frame, and a motion needs at least 2. Use a clip that shows a motion.")
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


def read_clip(path: Path | str, max_anchors: int = 64, timeout: float = 120.0) -> ClipFrames:
    """Read a clip, evenly sampled over its time, with all its frames in memory.

    Args, Raises:
        as for `open_clip`.
    """
    clip = open_clip(path, max_anchors, timeout)
    frames = np.empty((len(clip.times), clip.height, clip.width, 3), np.uint8)
    for frame, content in zip(frames, clip.frames(), strict=True):
        frame[:] = content
    return ClipFrames(frames, clip.times, clip.fps, clip.total_frames, clip.sha256)


def fetch(uri: str, timeout: float = 60.0) -> bytes:
    """An image's bytes, from a path or a URI that `pyarrow.fs` reads (file://, s3://, gs://).

    Args:
        uri: where it is.
        timeout: seconds; a share that has gone away would block for ever. The blocked thread is left behind: no
            thread can be stopped from outside.

    Raises:
        UnreadableImage: it cannot be read, takes too long, or has more than `LARGEST_FILE` bytes.
    """
    try:
        return with_timeout(lambda: _read(uri), timeout)
    except TimeoutError as error:
        raise UnreadableImage(
            f"image {quote(uri)} did not arrive within {timeout:g} s. Is its file system or server there?"
        ) from error
    except OSError as error:
        raise UnreadableImage(f"image {quote(uri)} cannot be read: {storage.describe_io_error(error)}.") from error


def _read(uri: str) -> bytes:
    if is_in_table(uri):
        return read_from_table(uri, LARGEST_FILE)
    if is_web_address(uri):
        return read_from_web(uri, LARGEST_FILE)
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
