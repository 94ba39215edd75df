"""What the videos of a run look like."""

from dataclasses import dataclass

from stages.media.compose import VideoLayout
from stages.motion.animate import MotionPath as MotionPath
from stages.row_frames import Pixels


@dataclass(frozen=True)
class VideoSettings:
    """What every video of a run looks like.

    Attributes:
        frames: how many, at least 2. fps: frames a second.
        path: `linear`, `pingpong` or `replay`, as `stages.motion.animate` has them.
        pixels: `picture` (its own, moved) or `generator` (the generator's face in its place).
        longest: pixels of a crop's side at most, where it keeps its picture's own resolution.
        layout: `crop` (the face alone), `side_by_side` (the still beside it) or `paste` (in its picture).
        crf: x264's quality, 0 to 51.
        layers: first and last + 1 of the styles that move; all by default.
        measured_frames: on how many frames, evenly spread, quality is measured; 0 for none.
    """

    frames: int = 60
    fps: float = 30.0
    path: MotionPath = "pingpong"
    pixels: Pixels = "picture"
    longest: int = 1024
    layout: VideoLayout = "crop"
    crf: int = 18
    layers: tuple[int, int] | None = None
    measured_frames: int = 30
