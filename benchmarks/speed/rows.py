"""What a row of a job costs: one table, each figure with its peer or limit in the same run.

    python -m benchmarks.speed.rows [--rows 6] [--size 1024]

| line | peer or limit |
|---|---|
| a row of the demo, both ways to make pixels, from its image to its video and figures | 1.3 s of a core |
| a row of the generator's frames, measured and not | its distinct frames rendered and encoded, and nothing else |
| what `plan` expects of a row | the row |
| memory after the last row | memory after the second; `--rows 24` says more than 6 |

With `--size` the job is one of a generator and an inverter of published widths, with random weights; faces are found
and videos measured by the bundled networks, as jobs do by default. Seconds are of the processor, x264's own process
included, on one thread; medians of all rows but the first.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

import micromotion
from benchmarks.models.demo_motions import DEMO
from benchmarks.speed.figures import Row, print_table, restart_on_one_thread
from benchmarks.speed.picture_cost import use_one_thread
from benchmarks.speed.picture_cost_measures import cpu_seconds
from benchmarks.speed.published_job import write_published_job
from pipeline.job.checks import Checked, check_job
from pipeline.job.load import load_job
from pipeline.run.cost import core_slowness, row_seconds
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.animate_faces import AnimateFaces, AnimateFacesSettings
from stages.base import RowStatus
from stages.invert import invert_face
from stages.media.encode import render_frames, write_video
from stages.media.frames_once import first_alike
from stages.models import Models, ModelSettings
from stages.motion.animate import animate
from stages.motion.micromotion import Micromotion
from stages.video_settings import Pixels, VideoSettings

JOB = Path(__file__).parents[2] / "jobs/demo.yaml"
ROW = 1.3  # seconds of a core, wanted at most
SHARE, SHARE_UNMEASURED = 0.8, 0.9  # of a row that is rendering and encoding, wanted at least
ESTIMATE = 0.8  # of the smaller over the larger: an estimate within 25 %
FLAT = 0.97  # of memory early over memory late, wanted at least
ANCHORS = 8  # the cost does not depend on how well the motion is known


def own_memory() -> float:
    """MB of this process that no file holds; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


class Bench:
    """Rows of a job through both of its stages, in this process.

    Args:
        rows: how many of the manifest's.
        folder: where videos go.
        job: its file.
    """

    def __init__(self, rows: int, folder: Path, job: Path = JOB):
        self.checked = check_job(load_job(job))
        self._rows = self.checked.rows.to_pylist()[:rows]
        self._folder = folder
        (folder / "videos").mkdir()
        self._models = Models(self._settings)
        self.motion = self._motion()
        names = {row["motion"] for row in self._rows}
        self._align = AlignFaces(AlignFacesSettings(self._settings, dict.fromkeys(names, "")))
        self._motions = dict.fromkeys(names, self.motion)

    @property
    def _settings(self) -> ModelSettings:
        return ModelSettings(self.checked.model.files, device="cpu")

    def _motion(self) -> Micromotion:
        """The job's own where it is a file, else the demo's smile."""
        ready = next(iter(self.checked.motions.values())).ready
        return ready or micromotion.extract_motion(self._models, DEMO / "smile.mp4", max_anchors=ANCHORS)

    def measure(self, video: VideoSettings) -> tuple[float, list[float]]:
        """A row's seconds of the processor, and this process's MB after each row."""
        settings = AnimateFacesSettings(self._settings, self._motions, video, str(self._folder))
        stage, spent, memory = AnimateFaces(settings), [], []
        for row in self._rows:
            started = cpu_seconds()
            result = stage.process(self._align.process(row))
            spent.append(cpu_seconds() - started)
            if result["status"] != RowStatus.DONE:
                raise SystemExit(f"row {row['id']}: {result['message']}")
            memory.append(own_memory())
        return statistics.median(spent[1:]), memory

    @torch.inference_mode()
    def bare_seconds(self, video: VideoSettings) -> float:
        """The distinct frames of a row rendered and all of them encoded: what no row can do without."""
        code = invert_face(self._models.inverter, self._align.process(self._rows[0])["crop"]).code
        codes = animate(code, self.motion, video.frames, video.path)  # (F, L, 512)
        same_as = first_alike([code.numpy() for code in codes])
        new = sorted(set(same_as))
        spent = []
        for _ in self._rows:
            started = cpu_seconds()
            frames = [frame for part in render_frames(self._models.generator, codes[new]) for frame in part]
            shown = (frames[new.index(first)] for first in same_as)
            write_video(self._folder / "bare.mp4", shown, video.fps, video.crf)
            spent.append(cpu_seconds() - started)
        return statistics.median(spent[1:])


def with_pixels(checked: Checked, pixels: Pixels) -> Checked:
    """The same job with the other pixels."""
    job = checked.job
    return replace(checked, job=job.model_copy(update={"video": job.video.model_copy(update={"pixels": pixels})}))


def demo_rows(bench: Bench) -> Iterator[Row]:
    """The demo's lines."""
    usual = bench.checked.job.video
    spent, memory = bench.measure(usual.model_copy(update={"pixels": "picture"}))
    yield Row("row, picture, s", f"{spent:.2f}", f"limit {ROW}", ROW / spent, 1.0)
    yield _estimate(bench, "picture", spent)
    if late := memory[-1]:
        early = memory[1]
        yield Row(f"memory after {len(memory)} rows, MB", f"{late:.0f}", f"after 2 {early:.0f}", early / late, FLAT)
    spent, _ = bench.measure(usual.model_copy(update={"pixels": "generator"}))
    yield Row("row, generator, s", f"{spent:.2f}", f"limit {ROW}", ROW / spent, 1.0)
    yield from _share_rows(bench, spent)


def published_rows(bench: Bench) -> Iterator[Row]:
    """Lines of a job on networks of published sizes."""
    spent, _ = bench.measure(bench.checked.job.video.model_copy(update={"pixels": "generator"}))
    yield from _share_rows(bench, spent)


def _share_rows(bench: Bench, measured: float) -> Iterator[Row]:
    """How much of a row of the generator's frames, which takes so many seconds, is rendering and encoding."""
    usual, size = bench.checked.job.video, bench.checked.model.resolution
    yield _estimate(bench, "generator", measured)
    bare = bench.bare_seconds(usual)
    unmeasured, _ = bench.measure(usual.model_copy(update={"pixels": "generator", "measured_frames": 0}))
    peer = f"rendered and encoded {bare:.2f}"
    yield Row(f"row, {size} px, measured, s", f"{measured:.2f}", peer, bare / measured, SHARE)
    yield Row(f"row, {size} px, not measured, s", f"{unmeasured:.2f}", peer, bare / unmeasured, SHARE_UNMEASURED)


def _estimate(bench: Bench, pixels: Pixels, spent: float) -> Row:
    """What `plan` expects of a row that took so many seconds."""
    expected = core_slowness() * row_seconds(with_pixels(bench.checked, pixels))
    near = min(expected / spent, spent / expected)
    name = f"plan, {bench.checked.model.resolution} px, {pixels}, s a row"
    return Row(name, f"{expected:.2f}", f"row {spent:.2f}", near, ESTIMATE)


def row_lines(rows: int, size: int | None = None) -> Iterator[Row]:
    """All lines of the demo, or of a job on a generator of so many pixels."""
    use_one_thread()
    with tempfile.TemporaryDirectory(prefix="micromotion-rows-") as folder:
        if size is None:
            yield from demo_rows(Bench(rows, Path(folder)))
        else:
            yield from published_rows(Bench(rows, Path(folder), write_published_job(Path(folder), size)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6, help="of the job, at least 2 (6)")
    parser.add_argument("--size", type=int, help="of a generator of published widths, px; the demo without it")
    options = parser.parse_args(arguments)
    if options.rows < 2:
        parser.error(f"--rows: expected at least 2, found {options.rows}")
    restart_on_one_thread()
    print_table(row_lines(options.rows, options.size))


if __name__ == "__main__":
    main()
