"""From codes to a video file: frames leave the generator in small batches and go straight into ffmpeg."""

import hashlib
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import imageio_ffmpeg
import numpy as np
import torch
from torch import Tensor

from common.atomic_files import discard, put_in_place, why_not_writable
from common.errors import EncodeFailed, EncoderKilled, MicromotionError, OutputUnavailable, TimedOut
from stages.media.encoder_pace import LARGE, OPTIONS, PERIOD, Pace
from stages.models import tensor_to_images
from weights.networks.stylegan2 import Generator

# Half the time of x264's own default, `medium`, and 1 to 12 % fewer bytes, for 0.4 to 1.0 dB of PSNR at 40 to 43 dB and
# 0.001 of SSIM: docs/performance.md has the others.
PRESET = "veryfast"
# What ffmpeg says, in the system's words, where the folder and not the video is at fault.
FULL = ("No space left on device", "Disk quota exceeded")


@dataclass(frozen=True)
class VideoFile:
    """What was written: the file's bytes, their hash in hex, its frames, and their size in pixels."""

    bytes: int
    sha256: str
    frames: int
    width: int
    height: int


@torch.inference_mode()
def render_frames(generator: Generator, codes: Tensor, batch: int = 8) -> Iterator[np.ndarray]:
    """The frames of a path, (n, H, W, 3) uint8 at a time.

    Args:
        generator: the network in whose W+ the codes lie.
        codes: (F, L, 512) float32.
        batch: frames at a time: what bounds memory.
    """
    device = generator.latent_avg.device
    for part in codes.split(batch):
        yield tensor_to_images(generator.synthesize(part.to(device))).numpy()  # (n, H, W, 3)


def write_video(
    path: Path, frames: Iterable[np.ndarray], fps: float, crf: int = 18, timeout: float = 600.0, threads: int = 2
) -> VideoFile:
    """Encode frames as H.264 (yuv420p, BT.709, limited range), and put the file in place at once when it is whole.

    Odd sizes lose their last row or column, for yuv420p halves both. Frames of more than 9 megapixels are compressed a
    little less well, so that few of them are in memory at a time (`stages.media.encoder_pace`). The file is written
    beside its place under a temporary name, flushed to disk, then renamed: a video under its own name is always
    complete. The temporary name is no one else's, so that a worker of a killed run that is still at work cannot rename
    what another has half written.

    Args:
        path: where the video goes; its folder exists.
        frames: (H, W, 3) uint8 RGB, all of one size, at least one.
        fps: frames a second.
        crf: x264's quality, 0 (lossless) to 51; 18 is visually lossless.
        timeout: seconds after which ffmpeg is killed.
        threads: how many x264 may use.

    Raises:
        EncodeFailed: ffmpeg failed, and no file is left behind; a folder has the video's name; no frames.
        EncoderKilled: something killed ffmpeg.
        TimedOut: it took too long.
        OutputUnavailable: the folder is full, or not there any more.
    """
    if path.is_dir():
        raise EncodeFailed(f"{path}: a folder is in the video's place. Move it away.")
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise EncodeFailed(f"{path}: expected at least one frame, found none.")
    height, width = first.shape[0] // 2 * 2, first.shape[1] // 2 * 2
    temporary = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:8]}.part")
    large = height * width > LARGE
    command = _command(temporary, width, height, fps, crf, threads)
    count = 0
    with tempfile.TemporaryFile() as messages:
        said = subprocess.PIPE if large else subprocess.DEVNULL
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=messages)
        assert encoder.stdin is not None
        pace = Pace(encoder) if large else None
        # The pipe blocks when ffmpeg hangs, so the limit has to strike from outside.
        limit = threading.Timer(timeout, encoder.kill)
        limit.start()
        try:
            for frame in _chain(first, rest):
                if pace is not None:
                    pace.wait(count)
                encoder.stdin.write(np.ascontiguousarray(frame[:height, :width]).reshape(-1).data)
                count += 1
            encoder.stdin.close()
            status = encoder.wait()
        except BrokenPipeError:
            with suppress(BrokenPipeError):
                encoder.stdin.close()
            status = encoder.wait()
        except BaseException:
            encoder.kill()
            encoder.wait()
            discard(temporary)
            raise
        finally:
            in_time = limit.is_alive()
            limit.cancel()
        if status != 0:
            discard(temporary)
            messages.seek(0)
            lines = messages.read().decode(errors="replace").strip().splitlines()
            raise _failure(path.parent, status, lines[-1] if lines else "it said nothing", in_time, timeout)
    try:
        with temporary.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = temporary.stat().st_size
        put_in_place(temporary, path)
        return VideoFile(size, digest, count, width, height)
    except OSError as error:
        discard(temporary)
        raise OutputUnavailable(f"{path.parent} cannot be written: {error.strerror or error}.") from error


def _failure(folder: Path, status: int, said: str, in_time: bool, timeout: float) -> MicromotionError:
    """Whose fault it is that ffmpeg ended with a status other than 0."""
    if not in_time:
        return TimedOut(f"ffmpeg was stopped after {timeout:g} s. Allow more with cluster.row_timeout.")
    full = next((words for words in FULL if words in said), "")
    if why := full or why_not_writable(folder):
        return OutputUnavailable(f"{folder} cannot be written: {why}.")
    if status < 0:
        return EncoderKilled(f"ffmpeg was killed by signal {-status}. Out of memory?")
    return EncodeFailed(f"ffmpeg ended with status {status}: {said}.")


def _command(path: Path, width: int, height: int, fps: float, crf: int, threads: int) -> list[str]:
    """The ffmpeg call: raw RGB from a pipe in, MP4 out."""
    pixels = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=fps)
    # Without these filters ffmpeg converts by BT.601 and players, without a tag, guess: colours shift.
    pixels = pixels.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", "yuv420p")
    large = OPTIONS if width * height > LARGE else {}
    video = pixels.output(
        str(path),
        format="mp4",
        vcodec="libx264",
        preset=PRESET,
        crf=crf,
        threads=threads,
        movflags="+faststart",
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        color_range="tv",
        **large,
    )
    quiet = video.global_args("-hide_banner", "-loglevel", "error", "-nostdin").overwrite_output()
    if large:
        quiet = quiet.global_args("-progress", "pipe:1", "-stats_period", str(PERIOD))
    return ffmpeg.compile(quiet, cmd=imageio_ffmpeg.get_ffmpeg_exe())


def _chain(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest
