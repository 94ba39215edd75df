"""A manifest of 100,000 rows: how long planning takes, what the driver holds, how soon a resumed run gets to work.

`python -m benchmarks.speed.scale` writes the manifest, an output folder in which nine rows of ten are done (a real
ledger, a file for each video), and times `plan` and `run` on them beside their limits. Engine, ledger, manifest and
images are real; the job is a rehearsal, so that no generator runs. The run is interrupted once it has worked for a
while, and then run to its end with nearly all rows done. Takes about ten minutes on two cores.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.faults.injection import processes_of
from benchmarks.faults.job import CLIP, FACES, ROOT
from pipeline.job.checks import check_job
from pipeline.job.digests import target_digest
from pipeline.job.load import load_job
from pipeline.output.ledger import Ledger
from stages.align_faces import content_key
from stages.base import RowStatus

PLAN_SECONDS, GROWTH_BYTES, RESUME_SECONDS = 20.0, 300 << 20, 30.0
PART_ROWS = 500  # what half a minute of a quick run puts into one part of the ledger
VIDEO = b"stands for a video of the run before"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; exits with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of the manifest (100000)")
    parser.add_argument("--work", type=float, default=30.0, help="seconds for which the resumed run works (30)")
    options = parser.parse_args(arguments)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="micromotion-scale-") as place:
        job, small = write_job(Path(place) / "large", options.rows), write_job(Path(place) / "small", 100)
        fill(small, 0.9)
        _, _, base = run_watched(["run", str(small)])
        started = time.monotonic()
        planned = subprocess.run([*DOOR, "plan", str(job)], capture_output=True, text=True, check=True)
        verdicts.append(verdict("plan, nothing done", time.monotonic() - started, PLAN_SECONDS, "s"))
        print("  " + planned.stdout.splitlines()[0])
        started = time.monotonic()
        fill(job, 0.9)
        print(f"{options.rows * 9 // 10:,} rows put into the ledger in {time.monotonic() - started:.0f} s")
        started = time.monotonic()
        subprocess.run([*DOOR, "plan", str(job)], capture_output=True, check=True)
        verdicts.append(verdict("plan, 90 % done", time.monotonic() - started, PLAN_SECONDS, "s"))
        first, _, peak = run_watched(["run", str(job)], options.work)
        verdicts.append(verdict("resumed, to the first new video", first, RESUME_SECONDS, "s"))
        verdicts.append(verdict("driver's memory beyond a 100-row job's", peak - base, GROWTH_BYTES, "MB"))
        fill(job, 1.0)
        _, seconds, peak = run_watched(["run", str(job)])
        print(f"all rows looked at again, all of them done: {seconds:.0f} s")
        verdicts.append(verdict("driver's memory beyond a 100-row job's", peak - base, GROWTH_BYTES, "MB"))
        times = {rows: reading(Path(place), rows) for rows in (options.rows // 10, options.rows)}
        (few, quick), (many, slow) = times.items()
        print(f"ledger of {few:,} rows read in {quick:.2f} s, of {many:,} in {slow:.2f} s: {slow / quick:.1f} times")
    if not all(verdicts):
        sys.exit(1)


DOOR = [sys.executable, str(ROOT / "run_batch.py")]


def write_job(folder: Path, rows: int) -> Path:
    """A rehearsal of so many rows, all of them the demo's faces under other ids."""
    folder.mkdir()
    faces = [str(face) for face in sorted(FACES.glob("*.jpg"))]
    ids = [f"face_{index:06}" for index in range(rows)]
    images = [faces[index % len(faces)] for index in range(rows)]
    pq.write_table(pa.table({"id": ids, "image": images}), folder / "faces.parquet")
    job = {
        "motion": {"clip": str(CLIP)},
        "manifest": "faces.parquet",
        "rehearsal": True,
        "video": {"frames": 2},
        "output": "out",
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(job), encoding="utf-8")
    return folder / "job.yaml"


def fill(path: Path, share: float) -> None:
    """Make an output in which so many of the rows are done, as a run would have left it."""
    job = load_job(path)
    checked = check_job(job)
    digest = target_digest(None, job, checked.model)
    (job.output / "videos").mkdir(parents=True, exist_ok=True)
    keys: dict[str, str] = {}
    rows = checked.rows.to_pylist()[: round(share * len(checked.rows))]
    with Ledger.open(job.output) as ledger:
        done = {target.id for target in ledger.done()}
        missing = [row for row in rows if row["id"] not in done]
        for start in range(0, len(missing), PART_ROWS):
            ledger.append(
                {
                    "id": row["id"],
                    "status": RowStatus.DONE.value,
                    "key": key_of(row["image"], digest, keys),
                    "motion": row["motion"],
                    "strength": row["strength"],
                    "video": f"videos/{row['id']}.mp4",
                    "bytes": len(VIDEO),
                    "frames": 2,
                    "width": 256,
                    "height": 256,
                    "fps": 30.0,
                    "digest": digest,
                }
                for row in missing[start : start + PART_ROWS]
            )
            ledger.flush()
        for row in missing:
            (job.output / f"videos/{row['id']}.mp4").write_bytes(VIDEO)


def key_of(image: str, digest: str, known: dict[str, str]) -> str:
    """A row's content key; each image is read once."""
    if image not in known:
        known[image] = content_key(Path(image).read_bytes(), digest, 1.0)
    return known[image]


def run_watched(arguments: list[str], work: float | None = None) -> tuple[float, float, int]:
    """Run a job; seconds until its first new video, seconds in all, and the driver's largest memory in bytes.

    Args:
        arguments: of the command line.
        work: seconds after the first new video at which it is interrupted; by default never.
    """
    videos = Path(arguments[1]).parent / "out/videos"
    started = time.time()
    begun, first, peak = time.monotonic(), float("inf"), 0
    process = subprocess.Popen([*DOOR, *arguments], stdout=subprocess.DEVNULL, start_new_session=True)
    interrupted = False
    while process.poll() is None:
        for number, line in processes_of([process.pid]).items():
            if "run_batch.py run" in line and number != process.pid:
                peak = max(peak, resident(number))
        if first == float("inf") and newer(videos, started):
            first = time.monotonic() - begun
        if work is not None and not interrupted and time.monotonic() - begun > first + work:
            process.send_signal(signal.SIGINT)
            interrupted = True
        time.sleep(0.25)
    return first, time.monotonic() - begun, peak


def newer(videos: Path, when: float) -> bool:
    """Whether a file has come into a folder since; the folder itself says so, or 90,000 files would be asked."""
    return videos.is_dir() and videos.stat().st_mtime > when and any(_new_names(videos, when))


def _new_names(videos: Path, when: float) -> list[str]:
    found = []
    with os.scandir(videos) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # a temporary name that has just become another
                if entry.name.endswith(".mp4") and entry.stat().st_mtime > when:
                    found.append(entry.name)
    return found


def resident(process: int) -> int:
    """A process's memory of its own, in bytes: without what Ray shares among all."""
    try:
        fields = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def reading(folder: Path, rows: int) -> float:
    """Seconds to read a ledger of so many rows."""
    output = folder / f"ledger-{rows}"
    with Ledger.open(output) as ledger:
        for start in range(0, rows, PART_ROWS):
            numbers = range(start, min(start + PART_ROWS, rows))
            ledger.append({"id": f"face_{index}", "key": "k" * 64, "status": RowStatus.DONE.value} for index in numbers)
            ledger.flush()
    return min(time_work(Ledger(output).rows) for _ in range(3))


def time_work(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def verdict(what: str, value: float, limit: float, unit: str) -> bool:
    """Print a figure beside its limit; whether it is met."""
    scale = 1 << 20 if unit == "MB" else 1
    met = value < limit
    print(f"{what}: {value / scale:.1f} {unit}, limit {limit / scale:.0f}{'' if met else '  MISSED'}")
    sys.stdout.flush()
    return met


if __name__ == "__main__":
    main()
