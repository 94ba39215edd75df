"""What the results' figures mean, and how they are spread over a run."""

import math
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.result_row import COLUMNS

BARS = 28


@dataclass(frozen=True)
class Metric:
    """A column of the results that says how good a video is.

    Attributes:
        column, title: its name in `results.parquet`, and the one for people.
        digits: decimal places.
    """

    column: str
    title: str
    digits: int = 3

    @property
    def meaning(self) -> str:
        """What it measures, in a sentence or two; other columns are called by their titles."""
        return re.sub(r"`(\w+)`", lambda named: f'"{TITLES[named[1]]}"', COLUMNS[self.column].meaning)

    def shown(self, value: float) -> str:
        """The number as people read it; a dash where nothing was measured."""
        unit = COLUMNS[self.column].unit
        return f"{value:.{self.digits}f} {unit}".rstrip() if math.isfinite(value) else "-"

    def badness(self, values: np.ndarray) -> np.ndarray:
        """(N,) -> (N,), higher is worse; what was not measured is not known to be bad and comes last."""
        best = COLUMNS[self.column].best
        worse = -values if best == "high" else np.abs(values - 1) if best == "one" else values
        return np.where(np.isfinite(worse), worse, -np.inf)


FIGURES = (
    Metric("csim_mean", "Identity"),
    Metric("csim_min", "Identity, lowest"),
    Metric("reconstruction_psnr", "Reconstruction", 1),
    Metric("motion_correlation", "Motion correlation"),
    Metric("motion_amplitude", "Motion amplitude", 2),
    Metric("akd", "Landmark error"),
    Metric("clearness_min", "Face clearness", 2),
    Metric("jitter", "Jitter", 4),
    Metric("motion_found", "Motion found", 2),
    Metric("turn_given", "Turn given", 2),
)
TITLES = {figure.column: figure.title for figure in FIGURES}


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
