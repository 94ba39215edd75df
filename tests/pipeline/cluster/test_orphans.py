"""Whatever a killed session leaves, folder and processes, is ended by whoever comes after it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults.injection import processes_of
from pipeline.cluster.orphans import clear_dead_sessions, new_session_folder, token_path

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")

SESSION = """
import time
from pipeline.job.spec import ClusterSpec
from pipeline.cluster.session import ray_session
with ray_session(ClusterSpec(), cpus=1):
    time.sleep(120)
"""


def session_of(process: int) -> Path:
    """A session's folder as a process of this number makes it."""
    ours = new_session_folder()
    return ours.rename(ours.with_name(ours.name.replace(f"-{os.getpid()}-", f"-{process}-")))


def helper_of(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env=os.environ | {"RAY_AUTH_TOKEN_PATH": str(token_path(folder))})


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_processes_and_folder_of_a_dead_session_go_and_those_of_a_living_one_stay() -> None:
    living, dead = session_of(os.getpid()), session_of(ended_process())
    stays, goes = helper_of(living), helper_of(dead)
    try:
        clear_dead_sessions()
        assert goes.wait(10) == -signal.SIGKILL
        assert stays.poll() is None
        assert living.is_dir() and not dead.exists()
    finally:
        stays.kill()
        stays.wait()
        (living / "home").rmdir()
        living.rmdir()


# Then its helpers do not look yet whether its node process is alive.
@pytest.mark.slow
@pytest.mark.parametrize("instant", ["raylet/raylet", "ray::DashboardAgent"])
def test_a_driver_killed_while_ray_starts_leaves_no_process_behind(repository: Path, instant: str) -> None:
    driver = subprocess.Popen([sys.executable, "-c", SESSION], cwd=repository, start_new_session=True)
    until = time.monotonic() + 120
    while not any(instant in line for line in processes_of([driver.pid]).values()):
        assert driver.poll() is None and time.monotonic() < until, f"{instant} was not started"
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    clear_dead_sessions()
    assert processes_of([driver.pid]) == {}
