"""What the results' figures mean, and how they are spread over a run."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

BARS = 28


@dataclass(frozen=True)
class Metric:
    """A column of the results that says how good a video is.

    Attributes:
        column, title: its name in `results.parquet`, and the one for people.
        meaning: one line.
        best: where the good end is; `one` means that more than 1 is as wrong as less.
        digits: decimal places. unit: after the number.
    """

    column: str
    title: str
    meaning: str
    best: Literal["high", "low", "one"]
    digits: int = 3
    unit: str = ""

    def shown(self, value: float) -> str:
        """The number as people read it; a dash where nothing was measured."""
        return f"{value:.{self.digits}f}{self.unit}" if math.isfinite(value) else "-"

    def badness(self, values: np.ndarray) -> np.ndarray:
        """(N,) -> (N,), higher is worse; what was not measured is not known to be bad and comes last."""
        worse = {"high": -values, "low": values, "one": np.abs(values - 1)}[self.best]
        return np.where(np.isfinite(worse), worse, -np.inf)


FIGURES = (
    Metric(
        "csim_mean", "Identity", "Likeness of the frames to the still by face recognition: 1 is the same face.", "high"
    ),
    Metric("csim_min", "Identity, lowest", "The same, for the least alike frame of each video.", "high"),
    Metric(
        "reconstruction_psnr",
        "Reconstruction",
        "How near the face at rest comes to its picture, in decibels: 20 is a fair likeness, 30 is hard to tell apart.",
        "high",
        1,
        " dB",
    ),
    Metric(
        "motion_correlation",
        "Motion, timing",
        "Whether the features move when the reference clip's do: 1 is in step, below 0 is backwards.",
        "high",
    ),
    Metric(
        "motion_amplitude",
        "Motion, size",
        "How far the features move, as a share of the reference clip's movement: 1 is as far.",
        "one",
        2,
    ),
    Metric(
        "akd",
        "Motion, place",
        "Mean distance of the features from where the reference has them, as a share of the distance between the eyes.",
        "low",
    ),
    Metric(
        "clearness_min",
        "Face, clearness",
        "How clearly the least clear frame shows a face, as a share of the frame at rest: below 0.8 it is none.",
        "high",
        2,
    ),
    Metric(
        "jitter",
        "Jitter",
        "How much the features tremble around their smooth path, as a share of the distance between the eyes.",
        "low",
        4,
    ),
    Metric(
        "motion_found",
        "Motion, found",
        "How far the features move of what the picture's own were asked to: 1 is all the way.",
        "one",
        2,
    ),
    Metric(
        "turn_given",
        "Turn",
        "How much of the head's turn the picture makes: 1 is all; less where a flat picture would tear.",
        "high",
        2,
    ),
)


def values(table: pa.Table, column: str) -> np.ndarray:
    """A column of the results, (N,) float64; NaN where a value, or the whole column, is missing."""
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return table[column].cast(pa.float64()).to_numpy()


@dataclass(frozen=True)
class Spread:
    """One figure over all videos in which it was measured.

    Attributes:
        measured: in how many. median, worst: the values. worst_at: index of the worst among all values.
        bars: heights of a histogram from the lowest value to the highest, 0 to 1.
    """

    figure: Metric
    measured: int
    median: float
    worst: float
    worst_at: int
    lowest: float
    highest: float
    bars: tuple[float, ...]


def spread(figure: Metric, table: pa.Table) -> Spread | None:
    """How one figure is spread; nothing where it was never measured."""
    array = values(table, figure.column)
    finite = array[np.isfinite(array)]
    if not len(finite):
        return None
    worst_at = int(np.argmax(figure.badness(array)))
    counts = _histogram(finite)
    return Spread(
        figure=figure,
        measured=len(finite),
        median=float(np.median(finite)),
        worst=float(array[worst_at]),
        worst_at=worst_at,
        lowest=float(finite.min()),
        highest=float(finite.max()),
        bars=tuple(float(height) for height in counts / counts.max()),
    )


def _histogram(finite: np.ndarray) -> np.ndarray:
    """How many of the values, (N,), lie in each of `BARS` parts of their range; values that are all the same in one.

    NumPy's own refuses values that are too far apart, or too near.
    """
    halves = finite / 2  # the whole range of float64 is more than a float64 holds
    span = np.ptp(halves)
    parts = (halves - halves.min()) / span * BARS if span > 0 else np.full(len(finite), BARS / 2)
    return np.bincount(parts.astype(int).clip(max=BARS - 1), minlength=BARS)
