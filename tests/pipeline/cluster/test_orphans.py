"""Whatever a killed session leaves, folder and processes, is ended by whoever comes after it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults.injection import processes_of
from common.errors import WorkStopped
from pipeline.cluster.orphans import clear_dead_sessions, new_session_folder, token_path
from pipeline.cluster.session import _start_with_retries
from pipeline.job.spec import ClusterSpec

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


REMOVED = """
import os
from pipeline.cluster import session as ray_session
from pipeline.cluster.orphans import ray_folder
from pipeline.job.spec import ClusterSpec
from common.errors import EngineDied
try:
    with ray_session.ray_session(ClusterSpec(), cpus=1):
        (folder,) = ray_session._own_folders
        found = folder.stat()
        print(oct(found.st_mode & 0o777), found.st_uid == os.getuid(), ray_folder(folder).is_dir())
        ray_session.check_session()
        ray_folder(folder).rename(folder / "elsewhere")
        ray_session.check_session()
except EngineDied as error:
    print(error)
print(folder.exists())
"""


@pytest.mark.slow
def test_nobody_else_can_enter_a_sessions_folder_and_its_loss_is_noticed(repository: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", REMOVED], cwd=repository, capture_output=True, text=True, timeout=300)
    first, said, left = ran.stdout.splitlines()
    assert first == "0o700 True True"
    assert "was removed under it" in said
    assert left == "False"


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


class BusyRay:
    """A Ray that is not up in time at first; on an idle machine a real one always is."""

    def __init__(self, failures: int) -> None:
        self.failures, self.starts = failures, 0
        self.helpers: list[subprocess.Popen[bytes]] = []

    def init(self, _temp_dir: str, **others: object) -> None:
        self.starts += 1
        if self.starts <= self.failures:
            self.helpers.append(helper_of(Path(_temp_dir).parent))
            raise Exception("The current node timed out during startup. This could happen because")

    def shutdown(self) -> None:
        """Knows nothing of the node that it gave up."""


def test_a_ray_that_a_busy_machine_does_not_start_in_time_is_started_again(tmp_path: Path) -> None:
    ray = BusyRay(2)
    _start_with_retries(ray, ClusterSpec(), tmp_path, 1)
    assert ray.starts == 3
    assert [helper.wait(10) for helper in ray.helpers] == [-signal.SIGKILL] * 2
    with pytest.raises(WorkStopped, match=r"^Ray did not start on this machine, 3 times in a row: it is too busy"):
        _start_with_retries(BusyRay(3), ClusterSpec(), tmp_path, 1)


LOST = """
import os, signal, sys
from pipeline.job.spec import ClusterSpec
from pipeline.cluster.session import ray_session
from common.errors import EngineDied
try:
    with ray_session(ClusterSpec(), cpus=1):
        import ray
        processes = ray._private.worker._global_node.all_processes
        if sys.argv[1] == "lost":  # one without which this process lives on for long enough to say so
            ended = processes["log_monitor"][0].process
            ended.kill()
            ended.wait()
        raise RuntimeError("The actor never ran")
except EngineDied as error:
    print(error)
except RuntimeError as error:
    print("not the engine:", error)
"""


@pytest.mark.slow
def test_an_error_under_which_processes_of_ray_are_gone_is_theirs(repository: Path) -> None:
    said = [
        subprocess.run([sys.executable, "-c", LOST, how], cwd=repository, capture_output=True, text=True, check=True)
        for how in ("lost", "there")
    ]
    assert said[0].stdout.startswith("The work stopped: Ray's own processes died (The actor never ran). What is done")
    assert said[1].stdout == "not the engine: The actor never ran\n"
