"""What `video.pixels: picture` costs beside `generator`.

    python -m benchmarks.speed.picture_cost [--sizes 256 1024 4000] [--layouts crop paste] [--frames 12] [--repeats 3]

A bundled demo face is enlarged until its crop has the size asked for. `crop` bounds the crop as a job does by default
(`video.longest`), `paste` moves the whole image. The two ways take turns on one thread, and medians are printed. Times
are of the processor, x264's own process included, so that a busy machine disturbs them little: frames a second are
those of one core. The table holds:

- both: finding, aligning and inverting the face, the same for both ways;
- set-up: of `picture`, once a row: the key frames rendered, their landmarks, the heads fitted, appearance compared;
- frame and encoding, each per frame; a row of 60 frames, all of this together, without measuring its quality;
- peak memory of a process that makes the row alone, libraries and networks included.
"""

import argparse
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import cv2
import torch

import micromotion
from benchmarks.models.demo_motions import DEMO, MOTIONS
from benchmarks.speed.figures import Row
from benchmarks.speed.picture_cost_measures import (
    LAYOUTS,
    ROW,
    SET_UP,
    WAYS,
    Cost,
    enlarged_face,
    measure_pairs,
    measure_way,
)
from common.errors import MicromotionError
from stages.model_files import ModelFiles
from stages.models import Models, ModelSettings
from stages.video_settings import VideoSettings

WANTED = 10.0  # frames a second of one core, `picture` in a crop of `WANTED_SIZE` px
WANTED_SIZE = 1024
ANCHORS = 8  # the cost does not depend on how well the motion is known
MEMORY_FRAMES = 4


def peak_memory(model: str, file: Path, size: int, layout: str, way: str) -> float:
    """MiB that a process of its own needs at most for a row."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (model, file, size, layout, way))


def table_lines(size: int, layout: str, common: float, costs: dict[str, Cost], memory: dict[str, float]) -> list[str]:
    """A line for each way, under `HEADING`."""
    lines = []
    for way, cost in costs.items():
        height, width = cost.shape
        figures = (
            f"{common:.2f}",
            f"{sum(cost.set_up.values()):.2f}",
            f"{1000 * cost.frame:.1f}",
            f"{1000 * cost.encoding:.1f}",
            f"{1 / cost.frame:.1f}",
            f"{1 / (cost.frame + cost.encoding):.1f}",
            f"{cost.row(common):.1f}",
            f"{memory.get(way, float('nan')):.0f}",
        )
        lines.append(_columns(str(size), layout, f"{width} x {height}", way, *figures))
    return lines


def _columns(*cells: str) -> str:
    size, layout, frame, way, *figures = cells
    widths = (5, 6, 6, 8, 8, 8, 6, 6)
    right = "  ".join(f"{cell:>{width}s}" for cell, width in zip(figures, widths, strict=True))
    return f"{size:>5s}  {layout:6s}  {frame:11s}  {way:9s}  {right}"


HEADING = "\n".join(
    [
        _columns(
            "crop",
            "layout",
            "frame",
            "way",
            "both",
            "set-up",
            "frame",
            "encoding",
            "frames/s",
            "encoded",
            "row",
            "memory",
        ),
        _columns("px", "", "px", "", "s", "s", "ms", "ms", "", "frames/s", "s", "MiB"),
    ]
)


def verdict_lines(size: int, layout: str, cost: Cost) -> Iterator[str]:
    """Whether `picture` is as fast as is wanted, without and with encoding."""
    for speed, how in ((1 / cost.frame, "without"), (1 / (cost.frame + cost.encoding), "with")):
        met = "met" if speed >= WANTED else "MISSED"
        yield f"{met}: {size} px, {layout}, {how} encoding: {speed:.1f} frames/s a core, wanted {WANTED:g}"


def picture_rows(frames: int, repeats: int) -> Iterator[Row]:
    """Whether `picture` is as fast as is wanted, as lines of the table of all figures."""
    use_one_thread()
    models = Models(ModelSettings(device="cpu"))
    direction = micromotion.extract_motion(models, DEMO / "smile.mp4", max_anchors=ANCHORS).direction
    face = enlarged_face(models, DEMO / "faces/face_01.jpg", WANTED_SIZE, frames, direction)
    cost = measure_pairs(models, face, "crop", repeats)["picture"]
    for speed, how in ((1 / cost.frame, "frames/s"), (1 / (cost.frame + cost.encoding), "encoded frames/s")):
        yield Row(f"picture, {WANTED_SIZE} px, {how}", f"{speed:.1f}", f"limit {WANTED:g}", speed / WANTED, 1.0)


def _peak_here(model: str, file: Path, size: int, layout: str, way: str) -> float:
    use_one_thread()
    models = Models(ModelSettings(ModelFiles(generator=model, inverter=model), device="cpu"))
    # Any small motion needs as much memory as another.
    direction = 0.1 * torch.randn(models.generator.num_layers, 512, generator=torch.Generator().manual_seed(0))
    measure_way(models, enlarged_face(models, file, size, MEMORY_FRAMES, direction), layout, way)
    return peak_of_this_process()


def peak_of_this_process() -> float:
    """MiB that were resident at most; Linux alone says so, NaN elsewhere.

    `ru_maxrss` would count what the parent needed when it started this process.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    peaks = [float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else float("nan")


def use_one_thread() -> None:
    """For this process, whatever the machine has."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="synthface", help="generator and inverter")
    parser.add_argument("--face", type=Path, default=DEMO / "faces/face_01.jpg", help="an image of one face")
    parser.add_argument("--motion", choices=MOTIONS, default="smile")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 4000], help="of the face's crop, px")
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--frames", type=int, default=12, help="made each time")
    parser.add_argument("--repeats", type=int, default=3, help="of each pair")
    parser.add_argument("--no-memory", action="store_true", help="leave peak memory out: it takes a process each")
    options = parser.parse_args(arguments)
    if min(options.sizes) < 128:
        parser.error(f"--sizes: expected at least 128, found {min(options.sizes)}")
    if options.frames < 1 or options.repeats < 1:
        parser.error("--frames and --repeats: expected at least 1")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    options = parse(arguments)
    use_one_thread()
    models = Models(ModelSettings(ModelFiles(generator=options.model, inverter=options.model), device="cpu"))
    try:
        direction = micromotion.extract_motion(models, DEMO / f"{options.motion}.mp4", max_anchors=ANCHORS).direction
        print(
            f"{options.model}, one thread, seconds of the processor, medians of {options.repeats}; a row: {ROW} frames"
        )
        print(HEADING)
        parts: list[str] = []
        verdicts: list[str] = []
        for size in options.sizes:
            face = enlarged_face(models, options.face, size, options.frames, direction)
            for layout in options.layouts:
                costs = measure_pairs(models, face, layout, options.repeats)
                memory = {}
                if not options.no_memory:
                    place = options.model, options.face, size, layout
                    memory = {way: peak_memory(*place, way) for way in WAYS}
                print(*table_lines(size, layout, face.common, costs, memory), sep="\n", flush=True)
                spent = costs["picture"].set_up
                parts.append(f"{size:5d}  {layout:6s}" + "".join(f"  {part} {spent[part]:.2f}" for part in SET_UP))
                if size == WANTED_SIZE:
                    verdicts += verdict_lines(size, layout, costs["picture"])
    except MicromotionError as error:
        raise SystemExit(str(error)) from error
    print("\nset-up of picture, s")
    print(*parts, sep="\n")
    longest = VideoSettings().longest
    print(f"\ncrop: at most {longest} px a side, the setting's default; paste: the whole image", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
