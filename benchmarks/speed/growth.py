"""How cost grows with frames, size, rows and cores: `docs/images/growth.png`.

    python -m benchmarks.speed.growth [--rows 3]

Lines are what `plan` expects (`pipeline.run.cost`); points are rows of the demo, measured here as
`benchmarks.speed.rows` does, and brought to the core of the plan's constants by how much slower this one is. Hours of a
night are expected ones alone.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.speed.figures import restart_on_one_thread
from benchmarks.speed.picture_cost import use_one_thread
from benchmarks.speed.rows import Bench, with_pixels
from common.atomic_files import replace_atomically
from pipeline.job.checks import Checked
from pipeline.run.cost import RENDER, START, core_slowness, row_seconds
from stages.video_settings import Pixels

mpl.use("Agg")  # no screen is needed

PICTURE = Path(__file__).parents[2] / "docs/images/growth.png"
COLOURS: dict[Pixels, str] = {"picture": "#24557a", "generator": "#d98841"}
FRAMES = (15, 30, 60, 120, 240)
ROWS = (100, 1_000, 10_000, 100_000)
CORES = (2, 16, 128)


def with_frames(checked: Checked, frames: int) -> Checked:
    """The same job with so many frames a video."""
    job = checked.job
    return replace(checked, job=job.model_copy(update={"video": job.video.model_copy(update={"frames": frames})}))


def with_resolution(checked: Checked, resolution: int) -> Checked:
    """The same job with a generator of so many pixels."""
    return replace(checked, model=replace(checked.model, resolution=resolution))


def measured_rows(bench: Bench) -> dict[Pixels, list[float]]:
    """A row's seconds of the constants' core for each of `FRAMES`, both ways."""
    found: dict[Pixels, list[float]] = {}
    slowness = core_slowness()
    for pixels in COLOURS:
        jobs = [with_frames(with_pixels(bench.checked, pixels), frames) for frames in FRAMES]
        found[pixels] = [bench.measure(job.job.video)[0] / slowness for job in jobs]
    return found


def draw(checked: Checked, measured: dict[Pixels, list[float]]) -> Figure:
    """Three plots: a row over its frames, a row over the generator's size, a night over its rows."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    frames, size, night = figure.subplots(1, 3)
    for pixels, colour in COLOURS.items():
        job = with_pixels(checked, pixels)
        expected = [row_seconds(with_frames(job, count)) for count in FRAMES]
        frames.plot(FRAMES, expected, color=colour, label=f"{pixels}, expected")
        frames.plot(FRAMES, measured[pixels], "o", color=colour, label=f"{pixels}, measured")
        sizes = sorted(RENDER)
        size.plot(sizes, [row_seconds(with_resolution(job, one)) for one in sizes], "o-", color=colour, label=pixels)
    each = row_seconds(with_resolution(checked, max(RENDER)))
    for cores in CORES:
        night.plot(ROWS, [(START + rows * each / cores) / 3600 for rows in ROWS], label=f"{cores} cores")
    night.set_xscale("log")
    night.set_yscale("log")
    size.set_xticks(sizes)
    _label(frames, "a row of the demo", "frames", "seconds of a core")
    _label(size, "a row of 60 frames, expected", "generator, px", "seconds of a core")
    _label(night, f"a job at {max(RENDER)} px, expected", "rows", "hours")
    return figure


def _label(axes: Axes, title: str, below: str, left: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(below)
    axes.set_ylabel(left)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3, help="of the demo, for each point; at least 2 (3)")
    options = parser.parse_args(arguments)
    if options.rows < 2:
        parser.error(f"--rows: expected at least 2, found {options.rows}")
    restart_on_one_thread()
    use_one_thread()
    with tempfile.TemporaryDirectory(prefix="micromotion-growth-") as folder:
        bench = Bench(options.rows, Path(folder))
        figure = draw(bench.checked, measured_rows(bench))
    with replace_atomically(PICTURE) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
    print(PICTURE)


if __name__ == "__main__":
    main()
