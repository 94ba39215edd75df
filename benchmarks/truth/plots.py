"""The figures of `benchmarks.truth.motions` as pictures."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.truth.report import Row
from common.atomic_files import replace_atomically

mpl.use("Agg")  # no screen is needed

PALETTE = ("#9aa5b1", "#d98841", "#c9b458", "#6f9a8d", "#24557a", "#8e6c9e", "#c0504d", "#5b4a3f")


def write_plots(rows: Sequence[Row], folder: Path) -> None:
    """`truth_methods.png`: error of each method; `truth_sweeps.png`: error over ranks and numbers of anchors."""
    _save(_methods(rows), folder / "truth_methods.png")
    if any(row.table in ("ranks", "anchors") for row in rows):
        _save(_sweeps(rows), folder / "truth_sweeps.png")


def _methods(rows: Sequence[Row]) -> Figure:
    compared = [row for row in rows if row.table == "methods" and row.anchors]
    motions, levels, methods = (
        list(dict.fromkeys(getattr(row, name) for row in compared)) for name in ("motion", "level", "method")
    )
    error = {(row.motion, row.level, row.method): row.median("error") for row in compared}
    figure = Figure(figsize=(3.1 * len(motions), 3.6), layout="constrained")
    for axes, motion in zip(figure.subplots(1, len(motions), squeeze=False)[0], motions, strict=True):
        width = 0.8 / len(methods)
        for place, method in enumerate(methods):
            at = [number + (place - (len(methods) - 1) / 2) * width for number in range(len(levels))]
            heights = [100 * error[motion, level, method] for level in levels]
            axes.bar(at, heights, width * 0.92, label=method, color=PALETTE[place % len(PALETTE)])
        axes.set_xticks(range(len(levels)), [level.replace(", ", "\n") for level in levels])
        _plain(axes, motion.replace("_", " "), "anchors corrupted")
    figure.axes[0].set_ylabel("error, % (median of the people)")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _sweeps(rows: Sequence[Row]) -> Figure:
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    for axes, table, title in zip(
        figure.subplots(1, 2), ("ranks", "anchors"), ("rank of the fit", "anchors"), strict=True
    ):
        swept = [row for row in rows if row.table == table]
        motions = list(dict.fromkeys(row.motion for row in swept))
        for motion, level in dict.fromkeys((row.motion, row.level) for row in swept):
            line = [row for row in swept if (row.motion, row.level) == (motion, level)]
            names = [row.method.removeprefix("rank ") if table == "ranks" else str(row.anchors) for row in line]
            axes.plot(
                names,
                [100 * row.median("error") for row in line],
                marker="o",
                linestyle="--" if line[0].share else "-",
                color=PALETTE[motions.index(motion) + 1],
                label=f"{motion.replace('_', ' ')}, {level}",
            )
        _plain(axes, "", title)
        axes.set_yscale("log")  # ageing is measured in pictures, the others in landmarks: 30 times apart
        axes.set_ylim(bottom=0.5, top=300)
        axes.set_yticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
        axes.minorticks_off()
    figure.axes[0].set_ylabel("error, % (median of the people)")
    figure.legend(*figure.axes[1].get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def _plain(axes: Axes, title: str, below: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(below)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, path: Path) -> None:
    with replace_atomically(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
