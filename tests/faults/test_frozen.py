"""Processes that are stopped and not dead: they answer nothing, hear nothing, and end by no kind word."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults.injection import TOLD_BY, processes_of
from benchmarks.faults.job import write_fault_job
from pipeline.output.ledger import Ledger

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("impatient_run.py")
# Ray gives a machine up that leaves three questions unanswered; by default that takes it a minute.
SOON_MISSED = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "3",
}
ROWS, FRAMES, PATIENCE = 8, 100, 400


def start(repository: Path, job: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), "run", str(job), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)} | SOON_MISSED
    with (job.parent / "said").open("w") as said:
        return subprocess.Popen(
            command, cwd=repository, env=environment, stdout=said, stderr=said, start_new_session=True, text=True
        )


def stop_one(run: subprocess.Popen[str], job: Path, kind: str) -> int:
    """Wait until videos are made, and stop a process of a kind."""
    until = time.monotonic() + PATIENCE
    while not list((job.parent / "out/videos").glob("*.mp4")):
        assert run.poll() is None and time.monotonic() < until, (job.parent / "said").read_text()
        time.sleep(0.05)
    while True:
        assert run.poll() is None and time.monotonic() < until, (job.parent / "said").read_text()
        for number, line in processes_of([run.pid]).items():
            if TOLD_BY[kind] in line:
                os.kill(number, signal.SIGSTOP)
                return number


@pytest.mark.parametrize("kind", ["worker", "encoder", "raylet", "gcs"])
def test_a_run_outlives_a_process_that_is_frozen(tmp_path: Path, repository: Path, kind: str) -> None:
    job = write_fault_job(tmp_path, ROWS, frames=FRAMES)
    run = start(repository, job, "--set", "cluster.row_timeout=20")
    stop_one(run, job, kind)
    try:
        assert run.wait(PATIENCE) == 3, (tmp_path / "said").read_text()
    finally:
        run.kill()
    assert Ledger(tmp_path / "out").done_rows().num_rows == ROWS
    until = time.monotonic() + 30
    while left := processes_of([run.pid]):
        assert time.monotonic() < until, left
        time.sleep(0.2)


@pytest.mark.parametrize("kind", ["raylet", "worker"])
def test_one_sigterm_ends_a_run_in_which_a_process_is_frozen(tmp_path: Path, repository: Path, kind: str) -> None:
    job = write_fault_job(tmp_path, 40, frames=FRAMES)
    run = start(repository, job, "--set", "cluster.row_timeout=20")
    stop_one(run, job, kind)
    run.terminate()
    try:
        assert run.wait(PATIENCE) == 130, (tmp_path / "said").read_text()
    finally:
        run.kill()
    assert 1 <= Ledger(tmp_path / "out").done_rows().num_rows < 40
