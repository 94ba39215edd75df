"""What the videos of a run look like: a job's `video`."""

from typing import Literal

from pydantic import Field

from common.settings import Finite, Settings
from stages.layer_range import LayerRange
from stages.media.compose import VideoLayout
from stages.motion.motion_path import MotionPath

Pixels = Literal["picture", "generator"]


class VideoSettings(Settings):
    """What every video of a run looks like."""

    frames: int = Field(default=60, ge=2, le=100_000, description="Frames of each video; 60 are two seconds at 30 fps.")
    fps: float = Field(default=30.0, ge=1, le=240, description="Frame rate, frames/s; 30 plays everywhere.")
    path: MotionPath = Field(
        default="pingpong",
        description="`linear` goes to the extreme and stays there, `pingpong` comes back and so loops, `replay` keeps "
        "the clip's timing.",
    )
    strength: Finite = Field(
        default=1.0,
        description="1 is the motion's full extent in the clip; negative runs it backwards. A row's own strength "
        "overrides it.",
    )
    pixels: Pixels = Field(
        default="picture",
        description="`picture`: the image's own pixels, moved as the generator's face moves; `generator`: the "
        "generator's face instead.",
    )
    longest: int = Field(
        default=1024,
        ge=64,
        le=8192,
        description="Longest side of a crop, px, with `pixels: picture`. A crop keeps its image's resolution and is "
        "never enlarged.",
    )
    layout: VideoLayout = Field(
        default="crop",
        description="`crop`: the face alone; `side_by_side`: the still beside it; `paste`: in its whole image, without "
        "the last row or column where their number is odd.",
    )
    crf: int = Field(
        default=18, ge=0, le=51, description="x264's quality, 0 (lossless) to 51; no loss is visible at 18."
    )
    layers: LayerRange | None = Field(
        default=None,
        description="The generator's layers that move: `[first, last + 1]`.",
        json_schema_extra={"default": "all"},
    )
    measured_frames: int = Field(
        default=30,
        ge=0,
        le=100_000,
        description="Frames of each video on which quality is measured, evenly spread; 0 for none.",
    )
