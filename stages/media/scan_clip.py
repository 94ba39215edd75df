"""Decode a clip from end to end for its frames' true times, their shape and colours, and any damage.

A container's index is not used: edit lists, missing or wrong timestamps and open groups of images make it wrong. A
frame is what the decoder gives, at the time that the decoder gives.
"""

from pathlib import Path

from common.errors import ClipError
from stages.media.clip_kind import check_clip_file
from stages.media.clip_streams import StreamSource
from stages.media.cut_short import lacks_its_end
from stages.media.run_ffmpeg import Ffmpeg
from stages.media.scan_report import ScannedClip, ScanReport

# A decoder that crashed over a clip, or a report whose lines ran into each other, may not do so again.
MOST_ATTEMPTS = 3
# `idet` reads a little beyond a frame's memory: ffmpeg's own copy has room there, a frame of an animated WebP has not,
# and one scan in twenty crashed.
_GRAPH = "showinfo=checksum=0,copy,idet"
_NOWHERE = ("-fps_mode", "passthrough", "-f", "null", "-")


def scan_clip(path: Path, timeout: float) -> ScannedClip:
    """Decode a clip once, keeping nothing of its images.

    Args:
        path: a file that is there and not empty.
        timeout: seconds without any sign of progress after which the decoder is killed.

    Raises:
        ClipError: no video, damaged or cut short, frames of several sizes, or a decoder that hangs, or crashes again
            and again.
    """
    check_clip_file(path)
    source, report, attempts = StreamSource(), ScanReport(path), 0
    while True:
        with Ffmpeg(path, ["-vf", _GRAPH], _NOWHERE, timeout, True, source) as ffmpeg:
            for line in ffmpeg.lines():
                report.read(line)
                if (better := report.streams.decoder_for(source)) is not None:
                    break
            else:
                crashed = ffmpeg.crashed()  # without a word: what it has shown would pass for the whole clip
                if crashed:
                    _check_end(path)
                if crashed or report.mixed:
                    attempts += 1
                    if attempts < MOST_ATTEMPTS:
                        report = ScanReport(path)
                        continue
                if crashed:
                    raise ClipError(f"{path}: its decoder crashes over it. Export it again, as MP4 (H.264).")
        better = better or report.streams.moving(source, len(report.moments))
        if better is None:
            break
        source, report = better, ScanReport(path)
    _check_end(path)
    clip = report.result()
    clip.source = source
    return clip


def _check_end(path: Path) -> None:
    """Refuse what was cut short."""
    if lacks_its_end(path):
        raise ClipError(f"{path}: cut short: its end is missing. Copy or export it again.")
