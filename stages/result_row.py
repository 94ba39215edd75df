"""What is recorded of one row of the manifest: a row of `results.parquet`.

The one declaration of its columns. The stage's rows begin with the defaults, the ledger takes its schema from the
types, the report and the tables in `docs/` take meanings and units.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from stages.base import Row

# Where a metric's good end is; `one`: more than 1 is as wrong as less.
Best = Literal["high", "low", "one", "zero", ""]


@dataclass(frozen=True)
class Column:
    """A column of the results.

    Attributes:
        name: as in the file. type: str, int or float.
        meaning: one or two sentences. unit: of a number; empty for counts and ratios.
        best: of a metric.
    """

    name: str
    type: object
    meaning: str
    unit: str
    best: Best


def _column(default: object, meaning: str, unit: str = "", best: Best = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit, "best": best})


@dataclass(frozen=True)
class ResultRow:
    """A row's result, with the value of each column for rows that never got so far."""

    id: str = _column("", "As in the manifest; names the video.")
    status: str = _column("", "`done`, `failed`, or `missing`: the run ended before the row's turn.")
    reason: str = _column("", "Why the row failed: a code of the next table.")
    message: str = _column(
        "",
        "Why the row failed, in a sentence. For a finished video: a warning, if its frames show no clear face.",
    )
    key: str = _column("", "Hash of all that decides the video; while it stays the same, the video is not made again.")
    motion: str = _column("", "Name of the motion.")
    strength: float = _column(1.0, "How far the motion goes: 1 is its full extent, negative runs it backwards.")
    video: str = _column("", "Path in the output folder, or URI.")
    bytes: int = _column(0, "Size of the video file.", "bytes")
    sha256: str = _column("", "Hash of the video file, in hex; `--verify` compares it.")
    frames: int = _column(0, "Frames of the video.")
    width: int = _column(0, "Width of the video.", "px")
    height: int = _column(0, "Height of the video.", "px")
    fps: float = _column(0.0, "Frame rate of the video.", "frames/s")
    faces: int = _column(0, "Faces in the image; the largest is animated.")
    csim_mean: float = _column(
        math.nan,
        "Likeness of the frames to the still: cosine of face recognition embeddings, mean over the measured frames; "
        "1 is the same face. Values of different identity networks cannot be compared.",
        best="high",
    )
    csim_min: float = _column(math.nan, "The same for the measured frame that is least like the still.", best="high")
    reconstruction_psnr: float = _column(
        math.nan,
        "How near the rendering of the inverted code comes to the crop, at 256 px: 20 is a fair likeness, 30 is hard "
        "to tell apart.",
        "dB",
        "high",
    )
    motion_correlation: float = _column(
        math.nan,
        "Whether the detected landmarks move when the code does: correlation over time; 1 is in step, below 0 is "
        "backwards. Landmarks can be misread in small motions, such as closing eyes, and on paintings: if brows seem "
        "to follow the lids, the sign is wrong.",
        best="high",
    )
    motion_amplitude: float = _column(
        math.nan,
        "How far the detected landmarks move relative to nose and eyes, as a share of how far the anchors' do: 1 is as "
        "far, below 0 is backwards. It is wrong in the same cases as `motion_correlation`; `motion_found` says "
        "whether the image moved as it was meant to.",
        best="one",
    )
    akd: float = _column(
        math.nan,
        "Mean L1 distance between the landmarks' displacement relative to nose and eyes and the anchors', as a share "
        "of the distance between the eyes' outer corners.",
        best="low",
    )
    jitter: float = _column(
        math.nan,
        "How far the landmarks are from their own path smoothed over five frames, as a share of the distance between "
        "the eyes' outer corners.",
        best="low",
    )
    motion_found: float = _column(
        math.nan,
        "How far the detected landmarks move, as a share of how far the image's landmarks were meant to move: 1 is as "
        "far. Only with video.pixels: picture, and for motions of at least 1 % of the distance between the eyes.",
        best="one",
    )
    rest_error: float = _column(
        math.nan,
        "Largest difference between a frame at rest and the image, before encoding. Only with video.pixels: picture.",
        "grey levels",
        "zero",
    )
    turn_given: float = _column(
        math.nan,
        "Largest head turn in the video, as a share of the largest that the motion asks for: 1 is all of it; less if "
        "more would tear the image. Only with video.pixels: picture.",
        best="high",
    )
    clearness_min: float = _column(
        math.nan,
        "How clearly the least clear measured frame shows a face, as a share of the frame at rest: below 0.8 it shows "
        "none, and the row's message says that the strength is too much for the generator.",
        best="high",
    )
    seconds: float = _column(0.0, "Time spent on the row, from inversion to measuring.", "s")


COLUMNS = {one.name: Column(one.name, one.type, **one.metadata) for one in fields(ResultRow)}
_DEFAULTS: Row = {one.name: one.default for one in fields(ResultRow)}


def result_row(row: Row) -> Row:
    """A row's result as far as it is known: the columns that the row has, defaults for the others, and its `order`."""
    return {"order": row["order"]} | _DEFAULTS | {name: row[name] for name in _DEFAULTS if name in row}
