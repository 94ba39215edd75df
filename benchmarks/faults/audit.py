"""What a broken run left, compared with an unbroken one."""

import hashlib
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import pyarrow.parquet as pq

from benchmarks.faults.injection import BrokenRun
from benchmarks.faults.job import BAD
from pipeline.output.ledger import Ledger

# What a run may leave in its folder besides videos and ledger.
ORDINARY = {
    ".lock",
    "anchors.png",
    "job.yaml",
    "ledger",
    "log.jsonl",
    "motion.safetensors",
    "report.html",
    "results.parquet",
    "videos",
    "workers.json",
}


@dataclass(frozen=True)
class Audit:
    """Faults that were found; all zero but `repeated` in a sound run.

    Attributes:
        rows: of the manifest.
        lost: rows without a result row, or without the result that the unbroken run gave, or without their video.
        duplicated: result rows too many, or out of order.
        half_written: videos that do not decode to their full length, or have other bytes than the unbroken run's.
        strays: files that have no business there.
        given_up: times that the command had to be given again although the run should have gone on by itself.
        repeated: videos that were begun more than once, as a share of all videos.
        allowed: the same share if every fault had struck every worker over a row.
    """

    rows: int
    lost: int
    duplicated: int
    half_written: int
    strays: int
    given_up: int
    repeated: float
    allowed: float

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicated or self.half_written or self.strays or self.given_up)


def audit(run: BrokenRun, reference: Path, ids: list[str], frames: int, workers: int = 2) -> Audit:
    """Look at everything that a run left.

    Args:
        run: as it ended.
        reference: the output folder of an unbroken run of the same job.
        ids: the manifest's, in order.
        frames: of each video.
        workers: that make videos.
    """
    results = pq.read_table(run.output / "results.parquet").to_pylist()
    expected = {row["id"]: row for row in pq.read_table(reference / "results.parquet").to_pylist()}
    found = Counter(row["id"] for row in results)
    good = [id_ for id_ in ids if id_ not in BAD]
    lost = sum(id_ not in found for id_ in ids)
    half_written = 0
    for row in results:
        wanted = expected[row["id"]]
        if (row["status"], row["reason"], row["video"]) != (wanted["status"], wanted["reason"], wanted["video"]):
            lost += 1
    for id_ in good:
        video = run.output / f"videos/{id_}.mp4"
        if not video.is_file():
            lost += 1
        elif digest(video) != digest(reference / f"videos/{id_}.mp4") or decoded_frames(video) != frames:
            half_written += 1
    in_order = [row["id"] for row in results] == ids
    names = {path.name for path in run.output.iterdir()}
    videos = {path.name for path in (run.output / "videos").iterdir()}
    parts = [path for path in (run.output / "ledger").iterdir() if path.suffix != ".parquet"]
    strays = len(names - ORDINARY) + len(videos - {f"{id_}.mp4" for id_ in good}) + len(parts)
    ledger = Ledger(run.output)
    unknown = set(ledger.rows()["id"].to_pylist()) - set(ids)
    begun = max(len(run.attempts), len(good))
    return Audit(
        rows=len(ids),
        lost=lost,
        duplicated=sum(number - 1 for number in found.values()) + (not in_order) + len(unknown),
        half_written=half_written,
        strays=strays,
        given_up=max(run.starts - run.most_starts, 0),
        repeated=(begun - len(good)) / len(good),
        allowed=len(run.injected) * (workers + 2) / len(good),
    )


def digest(path: Path) -> str:
    """A file's SHA-256, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def decoded_frames(path: Path) -> int:
    """How many frames a video decodes to from end to end; 0 where it is damaged."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0"]
    ended = subprocess.run([*command, "-f", "framehash", "-hash", "crc32", "-"], capture_output=True, text=True)
    if ended.returncode:
        return 0
    return sum(not line.startswith("#") for line in ended.stdout.splitlines())
