"""Open a clip: look at all of it, choose frames, and read those when they are wanted."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import ClipError
from stages.media.clip_place import why_no_clip
from stages.media.decode_clip import conversion, read_frames, spread
from stages.media.scan_clip import scan_clip


@dataclass(frozen=True)
class ClipFrames:
    """Frames of a clip.

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
    """A clip of which no frame is in memory yet.

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
    if why := why_no_clip(path):
        raise ClipError(why)
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
        (*how.notes, *clip.notes),
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
