"""Breaking a run: finding its processes, whoever started them, and killing one of a kind at a random instant."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.job import ROOT
from pipeline.cli.supervisor import MOST_DEATHS

# How a command line is told: by what it holds. The driver is the one that is neither of these nor the supervisor.
TOLD_BY = {"raylet": "raylet/raylet", "gcs": "gcs_server", "worker": "ray::Worker", "encoder": "ffmpeg"}
# `power` is everything at once, and what was not flushed to disk is damaged as well.
KINDS = ("driver", "supervisor", "worker", "raylet", "gcs", "encoder", "power")
# After these the command has to be given again; after those that take only the driver the supervisor goes on by itself.
DEADLY = ("supervisor", "power")
DRIVERS = ("driver", "raylet", "gcs")
LONGEST_SECONDS = 600.0
LOOK_SECONDS = 0.004


@dataclass
class BrokenRun:
    """One run with what was done to it.

    Attributes:
        output: its folder.
        injected: the kinds of faults, in order.
        starts: how often the command was given.
        exit_code: of the last one.
        attempts: temporary names under which a video was begun.
        left: command lines of processes that were still there some time after the end.
    """

    output: Path
    injected: list[str] = field(default_factory=list)
    starts: int = 0
    exit_code: int = -1
    attempts: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    @property
    def most_starts(self) -> int:
        """How often the command may have to be given: the supervisor ends by a fault of its own, or by too many."""
        deadly, drivers = (sum(kind in kinds for kind in self.injected) for kinds in (DEADLY, DRIVERS))
        return 1 + deadly + drivers // MOST_DEATHS


def break_run(
    job: Path, output: Path, kinds: list[str], longest: float, rng: random.Random, begun: Sequence[int] = ()
) -> BrokenRun:
    """Start a job again and again until it ends by itself, and inject the faults on the way.

    Args:
        job, output: what is run, and where to.
        kinds: faults, one after another.
        longest: seconds; each comes at most so long after the one before, or after a start.
        rng: decides the instants.
        begun: for each fault, how many videos must have been begun before it; on a machine of any speed it then comes
            amid the work.
    """
    run = BrokenRun(output)
    sessions: list[int] = []
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "run_batch.py"), "run", str(job), "--output", str(output)]
    watching = threading.Event()
    watcher = threading.Thread(target=_watch_attempts, args=(run, watching), daemon=True)
    watcher.start()
    waiting = list(kinds)
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        run.starts += 1
        with (output.parent / f"{output.name}.said").open("a") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
        sessions.append(process.pid)
        while waiting and process.poll() is None:
            if _wait_or_end(process, rng.uniform(0.0, longest)):
                break
            if begun and len(run.attempts) < begun[len(run.injected)]:
                continue
            if _inject(waiting[0], sessions, output, rng):
                run.injected.append(waiting.pop(0))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(until - time.monotonic())
        run.exit_code = process.returncode if process.returncode is not None else -1
        if run.exit_code in (0, 3):
            break
        time.sleep(0.5)  # as long as a user takes at least to give the command again
    watching.set()
    watcher.join()
    run.left = _left(sessions)
    return run


def processes_of(sessions: Collection[int]) -> dict[int, str]:
    """Every living process of the runs that were started as these system sessions: its number and its command line.

    Ray's own processes change their names and wipe their environment; a system session is inherited whatever they do.
    """
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            if session not in sessions:
                continue
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if line:  # a process that has ended and waits for its parent has none
                found[int(folder.name)] = line
    return found


def _inject(kind: str, sessions: Sequence[int], output: Path, rng: random.Random) -> bool:
    """Kill one process of a kind, or all of them; whether there was one."""
    alive, supervisor = processes_of(sessions), sessions[-1]
    if kind == "power":
        for process in alive:
            _kill(process)
        _lose_unflushed(output, rng)
        return True
    if kind == "supervisor":
        return _kill(supervisor)
    if kind == "driver":
        fitting = [number for number, line in alive.items() if "run_batch.py run" in line and number != supervisor]
    else:
        fitting = [number for number, line in alive.items() if TOLD_BY[kind] in line]
    return bool(fitting) and _kill(rng.choice(fitting))


def _kill(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _lose_unflushed(output: Path, rng: random.Random) -> None:
    """What a power cut does to what was written but not flushed: files with no final name, and the log's end."""
    unflushed = [path for path in output.rglob("*") if path.is_file() and path.suffix == ".part"]
    unflushed += [output / "log.jsonl"]
    for path in unflushed:
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            kept = size - rng.randrange(min(size, 5000) + 1) if path.suffix == ".jsonl" else rng.randrange(size + 1)
            os.truncate(path, kept)


def _wait_or_end(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait; whether the process ended before the time was over."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _watch_attempts(run: BrokenRun, ended: threading.Event) -> None:
    """Collect the temporary names of videos while they are written: each attempt has one of its own."""
    folder = run.output / "videos"
    while not ended.wait(LOOK_SECONDS):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            run.attempts |= {entry.name for entry in entries if entry.name.endswith(".part") and entry.name[0] != "."}


def _left(sessions: Sequence[int], patience: float = 20.0) -> list[str]:
    """The command lines of a run's processes that are still there some time after its end."""
    until = time.monotonic() + patience
    while (alive := processes_of(sessions)) and time.monotonic() < until:
        time.sleep(0.5)
    return list(alive.values())
