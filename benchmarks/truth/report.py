"""The figures of `benchmarks.truth.motions` as tables, as a verdict and as a file."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from common.atomic_files import replace_atomically

# What the default should reach: correlation, amplitude's distance from 1, drop of CSIM beyond the true one, and its
# error under 30 % corruption as a share of the baseline's.
LEAST_CORRELATION, MOST_OFF, MOST_DROP, MOST_ERROR = 0.95, 0.20, 0.05, 0.5


@dataclass(frozen=True)
class Row:
    """One setting on one motion.

    Attributes:
        table: "methods", "ranks" or "anchors".
        motion, method: names.
        level: corruption, in words; `share` of the anchors is hit, the last one among them where `last` says so.
        anchors: of the clip; 0 where none were used.
        figures: for each of `FIGURES`, one number a person.
    """

    FIGURES: ClassVar = ("correlation", "amplitude", "leak", "error", "csim_drop", "true_drop", "jitter", "true_jitter")

    table: str
    motion: str
    method: str
    level: str
    share: float
    last: bool
    anchors: int
    figures: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Over the people; NaN where the figure was not measured."""
        values = np.array(self.figures[name])
        return float(np.median(values)) if values.size else float("nan")

    def worst(self, name: str) -> float:
        """The person who fares worst: least correlation, amplitude farthest from 1, most of everything else."""
        values = np.array(self.figures[name])
        if not values.size:
            return float("nan")
        if name == "correlation":
            return float(values.min())
        if name == "amplitude":
            return float(values[np.abs(values - 1).argmax()])
        return float(values.max())

    @property
    def extra_drop(self) -> float:
        """Median over the people of how far CSIM drops beyond the true rendering's own drop."""
        return float(np.median(np.array(self.figures["csim_drop"]) - np.array(self.figures["true_drop"])))


def print_table(rows: Sequence[Row]) -> None:
    """One line a setting: medians over the people, the worst one in brackets."""
    for table in ("methods", "ranks", "anchors"):
        chosen = [row for row in rows if row.table == table]
        if not chosen:
            continue
        print(f"\n{table}: median (worst) over {max(len(row.figures['error']) for row in chosen)} people")
        print(
            f"{'motion':12s} {'method':24s} {'anchors':>7s} {'corrupted':14s} {'correlation':>15s} {'amplitude':>14s} "
            f"{'error':>15s} {'leak':>7s} {'CSIM drop (true)':>17s} {'jitter (true)':>15s}"
        )
        for row in chosen:
            print(_line(row))


def _line(row: Row) -> str:
    trembles = f"{row.median('jitter'):.2%} ({row.median('true_jitter'):.2%})" if row.figures["jitter"] else ""
    return (
        f"{row.motion:12s} {row.method:24s} {row.anchors or '':>7} {row.level:14s} "
        f"{row.median('correlation'):6.3f} ({row.worst('correlation'):6.3f}) "
        f"{row.median('amplitude'):5.2f} ({row.worst('amplitude'):6.2f}) "
        f"{row.median('error'):6.1%} ({row.worst('error'):6.1%}) {row.median('leak'):7.1%} "
        f"{row.median('csim_drop'):9.3f} ({row.median('true_drop'):5.3f}) {trembles:>15s}"
    )


def verdict(rows: Sequence[Row], baseline: str, default: str) -> list[tuple[str, bool]]:
    """Each target in a sentence, and whether it is met.

    Args:
        rows: of the table "methods", for both methods.
        baseline, default: names of methods.
    """
    found: list[tuple[str, bool]] = []
    of = {(row.motion, row.method, row.share, row.last): row for row in rows if row.table == "methods"}
    for motion in dict.fromkeys(row.motion for row in rows):
        clean = of[motion, default, 0.0, False]
        correlation, amplitude, drop = clean.median("correlation"), clean.median("amplitude"), clean.extra_drop
        found += [
            (
                f"{motion}: correlation {correlation:.3f}, at least {LEAST_CORRELATION}",
                correlation >= LEAST_CORRELATION,
            ),
            (f"{motion}: amplitude {amplitude:.2f}, within {MOST_OFF:.0%} of 1", abs(amplitude - 1) <= MOST_OFF),
            (f"{motion}: CSIM drops {drop:.3f} beyond the true drop, at most {MOST_DROP}", drop <= MOST_DROP),
        ]
        for last in (False, True):
            key = motion, default, 0.3, last
            if key not in of:
                continue
            ours, theirs = of[key].median("error"), of[motion, baseline, 0.3, last].median("error")
            where = "the last one among them" if last else "the last one spared"
            sentence = f"{motion}: error at 30 % corrupted, {where}, {ours:.1%} for the baseline's {theirs:.1%}"
            found.append((f"{sentence}, at most {MOST_ERROR:.0%} of it", ours <= MOST_ERROR * theirs))
    return found


def print_verdict(rows: Sequence[Row], baseline: str, default: str) -> None:
    """What the default reaches of what it should, and which method has the least error."""
    print(f"\n{default} against its targets (the baseline is {baseline})")
    for sentence, met in verdict(rows, baseline, default):
        print(f"{'met   ' if met else 'MISSED'} {sentence}")
    print("\nleast error, in the mean of all motions' medians")
    compared = [row for row in rows if row.table == "methods" and row.anchors]
    for level in dict.fromkeys(row.level for row in compared):
        errors: dict[str, list[float]] = {}
        for row in compared:
            if row.level == level:
                errors.setdefault(row.method, []).append(row.median("error"))
        ranked = sorted((float(np.mean(values)), name) for name, values in errors.items())
        print(f"{level:14s} " + ", ".join(f"{name} {error:.1%}" for error, name in ranked))


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Every figure of every person: one line a setting and person."""
    with replace_atomically(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["table", "motion", "method", "corrupted", "last_hit", "anchors", "person", *Row.FIGURES])
        for row in rows:
            for person in range(len(row.figures["error"])):
                values = [row.figures[name][person : person + 1] for name in Row.FIGURES]
                setting = [row.table, row.motion, row.method, row.share, row.last, row.anchors, person + 1]
                table.writerow([*setting, *(f"{value[0]:.6g}" if value else "" for value in values)])
