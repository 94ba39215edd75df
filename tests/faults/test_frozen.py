"""Processes that are stopped and not dead: they answer nothing, hear nothing, and end by no kind word."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.faults.injection import TOLD_BY, processes_of
from benchmarks.faults.job import write_fault_job
from pipeline.output.event_log import read_events
from pipeline.output.ledger import Ledger
from tests.faults.soon_missed import SOON_MISSED

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("impatient_run.py")
# A row takes half a second; every frozen process is noticed after as long as a row may take, or later.
ROWS, FRAMES, ROW_SECONDS, PATIENCE = 12, 60, 10, 400
AT_WORK = "ray::Worker.process"
TOO_LONG = f"longer than {ROW_SECONDS} s"


class Run:
    """A run of a job in a system session of its own, in which processes are frozen."""

    def __init__(self, repository: Path, job: Path, *settings: str) -> None:
        self.said, self.output = job.parent / "said", job.parent / "out"
        overrides = [
            part for setting in (f"cluster.row_timeout={ROW_SECONDS}", *settings) for part in ("--set", setting)
        ]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)} | SOON_MISSED
        command = [sys.executable, str(SCRIPT), "run", str(job), *overrides]
        with self.said.open("a") as said:
            self.process = subprocess.Popen(
                command, cwd=repository, env=environment, stdout=said, stderr=said, start_new_session=True, text=True
            )

    def wait_until(self, look: Callable[[], int]) -> int:
        """Look again and again until something is there, while the run lives; what was seen."""
        until = time.monotonic() + PATIENCE
        while not (found := look()):
            assert self.process.poll() is None and time.monotonic() < until, self.said.read_text()
            time.sleep(0.02)
        return found

    def events(self, kind: str, **fields: str) -> int:
        """How many events of a kind are in the log that have these texts in their fields."""
        log = self.output / "log.jsonl"
        events = [event for event in read_events(log) if event["event"] == kind] if log.exists() else []
        return sum(all(text in event[name] for name, text in fields.items()) for event in events)

    def wait_for_a_video(self) -> None:
        """Wait until one more is made."""
        before = self.events("row", status="done")
        self.wait_until(lambda: self.events("row", status="done") > before)

    def freeze(self, line: str, besides: int = 0) -> int:
        """Stop a process that has this in its command line, as soon as there is one; but not the one `besides`."""

        def find() -> int:
            fitting = {number for number, found in processes_of([self.process.pid]).items() if line in found}
            # A process that has just been forked, and has yet to become another program, is still called as its parent.
            return next((number for number in fitting - {besides} if parent(number) not in fitting), 0)

        # One that was ending when it was found, as an encoder soon does, is not frozen: another is.
        while not stop(number := self.wait_until(find)):
            pass
        return number

    def wait(self) -> int:
        """The exit code, once the run has ended and none of its processes is left."""
        code = self.process.wait(PATIENCE)
        until = time.monotonic() + 30
        while left := processes_of([self.process.pid]):
            assert time.monotonic() < until, left
            time.sleep(0.2)
        return code


@contextmanager
def running(repository: Path, job: Path, *settings: str) -> Iterator[Run]:
    """A run that has made a video, and is killed if it has not ended at the end."""
    run = Run(repository, job, *settings)
    try:
        run.wait_for_a_video()
        yield run
    finally:
        run.process.kill()


def parent(process: int) -> int:
    """The number of a process's parent; 0 where the process has ended."""
    return int(stat(process)[1])


def stop(process: int) -> bool:
    """Stop a process; whether it was still there to be stopped."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
    while (state := stat(process)[0]) not in "TZX":
        time.sleep(0.001)
    return state == "T"


def stat(process: int) -> list[str]:
    """A process's state, its parent and so on, as proc(5) lists them; as of a dead one where it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", "0"]


def test_a_run_outlives_processes_that_are_frozen(tmp_path: Path, repository: Path) -> None:
    """Ray's node process; in the life after it an encoder and a worker at once; then Ray's store of state."""
    job = write_fault_job(tmp_path, ROWS, frames=FRAMES)
    with running(repository, job) as run:
        run.freeze(TOLD_BY["raylet"])
        run.wait_until(lambda: run.events("run_started") == 2)
        run.wait_for_a_video()
        stopped = run.events("warning", message=TOO_LONG)  # a worker may have been, when nothing answered it
        encoder = run.freeze(TOLD_BY["encoder"])
        run.freeze(AT_WORK, besides=parent(encoder))
        run.wait_until(lambda: run.events("warning", message=TOO_LONG) >= stopped + 2)
        run.wait_for_a_video()
        run.freeze(TOLD_BY["gcs"])
        assert run.wait() == 3, run.said.read_text()
    assert Ledger(run.output).done_rows().num_rows == ROWS


def test_one_sigterm_ends_a_run_in_which_a_process_is_frozen(tmp_path: Path, repository: Path) -> None:
    """A worker; then, in the run that resumes it, Ray's node process."""
    job = write_fault_job(tmp_path, ROWS, frames=FRAMES)
    for frozen in (AT_WORK, TOLD_BY["raylet"]):
        with running(repository, job, "cluster.workers=1") as run:
            run.freeze(frozen)
            run.process.terminate()
            assert run.wait() == 130, run.said.read_text()
        assert 1 <= Ledger(run.output).done_rows().num_rows < ROWS
