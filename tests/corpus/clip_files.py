"""What clips of the corpus are made with: frames that say their numbers, through ffmpeg."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from stages.media.open_clip import ClipFrames, open_clip, read_clip
from tests.corpus.kinds import Kind, Outcome, ffmpeg
from tests.stages.media.made_clips import PATCHES, make, numbers, patches

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "12")
X265 = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params")
TURN = Path(__file__).parents[2] / "weights/bundled/demo/head_turn.mp4"
QUIET = "log-level=none:keyint=12:min-keyint=12"
VP9 = ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime")
CLEAR = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(gt(X,96),0,255)'"
WIDE = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,setparams=colorspace=bt2020nc:color_primaries="


def read(path: Path) -> tuple[ClipFrames, Iterable[str]]:
    """A clip's frames, and what is said of it."""
    return read_clip(path, max_anchors=4096), open_clip(path).notes


def whole(clip: ClipFrames) -> bool:
    """Whether every frame is there, in its order, with its own colours."""
    return numbers(clip.frames) == list(range(12)) and np.abs(patches(clip.frames[3]) - PATCHES).max() < 10


def ordered(clip: ClipFrames) -> bool:
    """Whether every frame is there in its order."""
    return numbers(clip.frames) == list(range(12))


def sized(width: int, height: int) -> Callable[[ClipFrames], bool]:
    """Whether frames have a size."""
    return lambda clip: clip.frames.shape[1:3] == (height, width)


def clip(
    name: str,
    file: str,
    *options: str,
    outcome: Outcome = "read",
    right: Callable[[ClipFrames], bool] = whole,
    says: str = "",
) -> Kind:
    """A kind that ffmpeg writes with some options."""
    return Kind(name, lambda folder: make(folder / file, *options, frames=12), outcome, right, says)


def copied(
    name: str,
    file: str,
    *options: str,
    before: tuple[str, ...] = (),
    outcome: Outcome = "read",
    right: Callable[[ClipFrames], bool] = whole,
    says: str = "",
    source: tuple[str, ...] = X264,
) -> Kind:
    """A kind that is an ordinary clip, copied with some options and not encoded again."""

    def made(folder: Path) -> Path:
        plain = make(folder / "plain.mp4", *source, frames=12)
        ffmpeg(*before, "-i", plain, "-c", "copy", *options, folder / file)
        return folder / file

    return Kind(name, made, outcome, right, says)


def changed(name: str, kind: Kind, change: Callable[[bytes], bytes], says: str) -> Kind:
    """A kind that is another, with its bytes changed, and refused."""

    def made(folder: Path) -> Path:
        path = kind.make(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return Kind(name, made, "refused", says=says)


def with_cover(folder: Path) -> Path:
    """A clip behind a larger still that is marked as its cover."""
    film = make(folder / "film.mp4", *X264, frames=12)
    ffmpeg("-f", "lavfi", "-i", "color=red:size=800x800", "-frames:v", "1", folder / "cover.png")
    inputs = ("-i", folder / "cover.png", "-i", film, "-map", "0", "-map", "1")
    ffmpeg(*inputs, "-c", "copy", "-disposition:v:0", "attached_pic", folder / "c.mp4")
    return folder / "c.mp4"


def woven(first: str, folder: Path) -> Path:
    """A head that turns, two moments in every frame."""
    weave = f"interlace=scan={first}:lowpass=off"
    ffmpeg("-i", TURN, "-vf", weave, "-c:v", "libx264", "-crf", "12", "-flags", "+ildct+ilme", folder / "c.mp4")
    return folder / "c.mp4"


def without_comb(clip: ClipFrames) -> bool:
    """Whether a head turns in frames of one moment each: rows are as like their neighbours as in the original."""
    original = read_clip(TURN, max_anchors=4096).frames
    return clip.total_frames == len(original) // 2 and comb(clip.frames) < 1.3 * comb(original)


def comb(frames: np.ndarray) -> float:
    """How far every other row is from the mean of its neighbours."""
    rows = frames.astype(np.float32)
    return float(np.abs(rows[:, 1:-1:2] - (rows[:, :-2:2] + rows[:, 2::2]) / 2).mean())
