"""Memory of every process of a long run: `python -m benchmarks.faults.soak` makes 2,000 small videos and prints its
course.

A leak of 100 KB a row would pass unseen in a test and end a night of 100,000 rows at ten gigabytes. For each kind of
process the median of its memory (without what Ray shares among all) is printed for every fifth of the run; flat means
that the last fifth lies within a few megabytes of the second: the first fills caches.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.faults.injection import processes_of
from benchmarks.faults.job import ROOT, write_fault_job
from benchmarks.speed.scale import resident

KINDS = {
    "ray::Worker": "worker",
    "raylet/raylet": "Ray's node",
    "gcs_server": "Ray's store of state",
    "run_batch.py run": "driver",
}
# Growth from the second fifth to the last that still counts as flat.
FLAT_BYTES = 48 << 20
FIFTHS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, sample, print; exits with 1 where something grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000, help="videos (2000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="micromotion-soak-") as place:
        job = write_fault_job(Path(place), options.rows, rehearsal=False, frames=4)
        videos = Path(place) / "out/videos"
        command = [sys.executable, str(ROOT / "run_batch.py"), "run", str(job)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        samples: dict[str, list[tuple[float, int]]] = defaultdict(list)
        while process.poll() is None:
            done = sum(1 for _ in videos.glob("*.mp4")) / options.rows if videos.is_dir() else 0.0
            for number, line in processes_of([process.pid]).items():
                kind = next((name for told, name in KINDS.items() if told in line), "")
                if kind and number != process.pid and done:
                    samples[f"{kind} {number}"].append((done, resident(number)))
            time.sleep(1.0)
    if process.returncode != 3:  # two of its rows are bad
        sys.exit(f"the run ended with {process.returncode}")
    print(f"{options.rows:,} videos; memory in MB, median of each fifth of the run")
    flat = True
    for name, course in sorted(samples.items()):
        fifths = [
            [size for done, size in course if min(int(done * FIFTHS), FIFTHS - 1) == fifth] for fifth in range(FIFTHS)
        ]
        if not all(fifths):
            continue  # it did not live through the whole run
        medians = [median(fifth) for fifth in fifths]
        grown = medians[-1] - medians[1]
        flat &= grown < FLAT_BYTES
        shown = "".join(f"{size / (1 << 20):8.0f}" for size in medians)
        print(f"{name:30s}{shown}   {grown / (1 << 20):+.1f}{'' if grown < FLAT_BYTES else '  GROWS'}")
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
