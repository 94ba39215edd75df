"""A clip's frames as they should be seen: upright, square pixels, progressive, sRGB, each at its own time.

Frames come in one pass from its beginning to its end, without seeking, one by one: as many may be read as there are,
in the memory of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import ClipError
from stages.media.colour import HDR, PRIMARIES, to_srgb
from stages.media.image_colour import GROUND
from stages.media.pixel_shape import square_size
from stages.media.run_ffmpeg import Ffmpeg
from stages.media.scan_clip import MOST_ATTEMPTS
from stages.media.scan_report import ScannedClip

# Heights of SD television; what is larger and says nothing is HD (players do the same).
SD_HEIGHT, SD_WIDTH = 576, 1024
# Matrices that ffmpeg's `scale` cannot undo.
UNKNOWN_MATRICES = (
    "ictcp",
    "ycgco",
    "ycgco-re",
    "ycgco-ro",
    "bt2020c",
    "chroma-derived-c",
    "chroma-derived-nc",
    "smpte2085",
    "ipt-c2",
)
# Curves that are far from those of screens.
UNKNOWN_CURVES = ("log100", "log316", "smpte428")
ACCURATE = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


@dataclass(frozen=True)
class Conversion:
    """How stored frames become what is seen.

    Attributes:
        width, height: of the frames that come out.
        filters: ffmpeg's, after the wanted frames are chosen; `before` come before that, as they need neighbours.
        pixel_format: in which they leave ffmpeg.
        transfer, primaries: of `stages.media.colour`; both "" where nothing has to be converted after ffmpeg.
        notes: what is converted, each a part of a sentence.
    """

    width: int
    height: int
    before: tuple[str, ...]
    filters: tuple[str, ...]
    pixel_format: str
    transfer: str
    primaries: str
    notes: tuple[str, ...]


def conversion(clip: ScannedClip, path: Path) -> Conversion:
    """What has to be done to a clip's frames.

    Raises:
        ClipError: its colours cannot be known, or not be converted.
    """
    notes: list[str] = []
    before, scaling = [], ["in_range=auto", "out_range=pc", ACCURATE]
    if clip.interlaced:
        notes.append("deinterlaced")
        before.append(f"bwdif=mode=send_frame:parity={clip.interlaced}:deint=all")
    width, height = square_size(clip.width, clip.height, clip.sar)
    if (width, height) != (clip.width, clip.height):
        notes.append(f"{clip.width}x{clip.height} stretched to {width}x{height}, as its pixels are not square")
    packed = clip.pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "gray", "pal8", "mono"))
    if clip.matrix in UNKNOWN_MATRICES:
        raise ClipError(f"{path}: colours of the kind {clip.matrix} are not known here. Export it in BT.709 (SDR).")
    if not packed and clip.matrix in ("unknown", "reserved") and (clip.height > SD_HEIGHT or clip.width > SD_WIDTH):
        scaling.append("in_color_matrix=bt709")
        notes.append("untagged HD read as BT.709")
    if clip.transfer in UNKNOWN_CURVES:
        raise ClipError(f"{path}: the curve {clip.transfer} is not known here. Export it in BT.709 (SDR).")
    transfer, primaries = _colours(clip, path)
    if transfer in HDR:
        notes.append(f"HDR ({'PQ' if transfer == HDR[0] else 'HLG'}) brought to SDR, diffuse white to white")
    elif transfer == "linear":
        notes.append("linear light brought to sRGB")
    elif transfer:
        notes.append(f"colours of {primaries} brought to sRGB")
    # 16 bits where values are converted further; both at once are not needed, for no HDR clip is transparent.
    alpha = clip.pixel_format.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal8"))
    pixel_format = "rgb48le" if transfer else "rgba" if alpha else "rgb24"
    filters = (f"scale={width}:{height}:{':'.join(scaling)}", f"format={pixel_format}")
    return Conversion(width, height, tuple(before), filters, pixel_format, transfer, primaries, tuple(notes))


def _colours(clip: ScannedClip, path: Path) -> tuple[str, str]:
    """The curve and primaries to convert from, or empty where frames are as they should be."""
    primaries = clip.primaries if clip.primaries in PRIMARIES else "bt709"
    if clip.transfer in HDR:
        return clip.transfer, "bt2020" if clip.primaries == "unknown" else primaries
    if clip.transfer == "unknown" and "bt2020" in (clip.primaries, clip.matrix[:6]):
        raise ClipError(
            f"{path}: says that its colours are BT.2020, but not whether they are SDR, HLG or PQ. Say it: ffmpeg -i "
            "CLIP -c copy -bsf:v hevc_metadata=transfer_characteristics=18 NEW (18 for HLG, 16 for PQ, 14 for SDR; "
            "h264_metadata for H.264), or export it as SDR."
        )
    if clip.transfer == "linear":
        return "linear", primaries
    if clip.matrix in ("bt2020nc", "bt2020_ncl") and clip.primaries == "unknown":
        primaries = "bt2020"
    return ("", "") if primaries == "bt709" else ("sdr", primaries)


def read_frames(
    path: Path, clip: ScannedClip, how: Conversion, chosen: np.ndarray, timeout: float
) -> Iterator[np.ndarray]:
    """The chosen frames in their order, one at a time.

    Args:
        path: the clip that was scanned.
        chosen: rising indices of frames.
        timeout: seconds within which each has to come.

    Yields:
        (H, W, 3) uint8 sRGB.

    Raises:
        ClipError: the file has changed or cannot be decoded again, or its decoder hangs, or crashes again and again.
    """
    graph = ",".join([*how.before, f"select='{_frame_filter(clip, chosen)}'", *how.filters])
    # A short queue: while nobody reads, eight frames of 8K would wait in it.
    output = ("-thread_queue_size", "1", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    channels, width = {"rgb24": (3, 1), "rgba": (4, 1), "rgb48le": (3, 2)}[how.pixel_format]
    size = how.width * how.height * channels * width
    given = crashes = 0
    while given < len(chosen):
        with Ffmpeg(path, ["-vf", graph], output, timeout, False, clip.source) as ffmpeg:
            for number in range(len(chosen)):
                content = ffmpeg.read(size)
                if len(content) < size:
                    crashed = ffmpeg.crashed()
                    crashes += crashed
                    if crashed and crashes < MOST_ATTEMPTS:
                        break
                    said = "; ".join(ffmpeg.complaints()[-1:]) or "it gave no reason"
                    raise ClipError(
                        f"{path}: {number} of {len(chosen)} frames could be read again ({said}). Is it still being "
                        "written?"
                    )
                if number == given:  # others came before a crash
                    pixels = np.frombuffer(content, np.uint8 if width == 1 else "<u2")
                    yield _display_size(pixels.reshape(how.height, how.width, channels), how)
                    given += 1


def _display_size(pixels: np.ndarray, how: Conversion) -> np.ndarray:
    if how.transfer:
        return to_srgb(pixels, how.transfer, how.primaries)
    if how.pixel_format == "rgba":
        alpha = pixels[..., 3:].astype(np.uint16)
        return ((pixels[..., :3] * alpha + GROUND * (255 - alpha) + 127) // 255).astype(np.uint8)
    return pixels


def spread(times: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most `most` frames, evenly spread over time: the frame nearest to each of as many moments.

    Args:
        times: (N,) rising; frames need not be equally far apart.
    """
    if len(times) <= most:
        return np.arange(len(times))
    moments = np.linspace(times[0], times[-1], most)
    after = np.searchsorted(times, moments).clip(1, len(times) - 1)
    nearer = np.where(moments - times[after - 1] <= times[after] - moments, after - 1, after)
    return np.unique(nearer)


def _frame_filter(clip: ScannedClip, chosen: np.ndarray) -> str:
    """An expression of ffmpeg's that is true for the chosen frames.

    By number; by time where counting begins anew, as it does where a clip's properties change.
    """
    if len(chosen) == len(clip.times):
        return "1"
    if clip.steady or not clip.exact:
        return _any_of([f"eq(n,{index})" for index in chosen])
    slack = 0.25 * float(np.diff(clip.times).min())
    return _any_of([f"lt(abs(t-{moment:.6f}),{slack:.3g})" for moment in clip.times[chosen]])


def _any_of(terms: list[str]) -> str:
    """A sum that is nested evenly: ffmpeg's parser bounds how deep one may go."""
    if len(terms) <= 16:
        return "+".join(terms)
    middle = len(terms) // 2
    return f"({_any_of(terms[:middle])})+({_any_of(terms[middle:])})"
