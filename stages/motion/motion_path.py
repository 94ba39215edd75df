"""How a video follows a motion. Without PyTorch, so that a job is read and refused at once."""

from typing import Literal

MotionPath = Literal["linear", "pingpong", "replay"]
