"""A session is private, starts no process that nobody needs, and says so when Ray dies under it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# Two sessions, one after the other: one loses its folder, the other a process.
SESSIONS = """
import os
from pipeline.cluster import session
from pipeline.cluster.orphans import ray_folder
from pipeline.job.spec import ClusterSpec
from common.errors import EngineDied
try:
    with session.ray_session(ClusterSpec(), cpus=1):
        (folder,) = session._own_folders
        found = folder.stat()
        print(oct(found.st_mode & 0o777), found.st_uid == os.getuid(), ray_folder(folder).is_dir())
        session.check_session()
        ray_folder(folder).rename(folder / "elsewhere")
        session.check_session()
except EngineDied as error:
    print(error)
print(folder.exists())
try:
    with session.ray_session(ClusterSpec(), cpus=1):
        import ray
        processes = ray._private.worker._global_node.all_processes
        print(*sorted(processes))
        ended = processes["gcs_server"][0].process  # without it this process lives on for long enough to say so
        ended.kill()
        ended.wait()
        raise RuntimeError("The actor never ran")
except EngineDied as error:
    print(error)
"""


@pytest.fixture(scope="module")
def said(repository: Path) -> list[str]:
    """What both sessions print."""
    command = [sys.executable, "-c", SESSIONS]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True, timeout=300)
    return ran.stdout.splitlines()


def test_nobody_else_can_enter_a_sessions_folder_and_its_loss_is_noticed(said: list[str]) -> None:
    first, noticed, left = said[:3]
    assert first == "0o700 True True"
    assert "was removed under it" in noticed, "an error under which Ray's processes are all there stays as it is"
    assert left == "False"


def test_an_error_under_which_processes_of_ray_are_gone_is_theirs(said: list[str]) -> None:
    processes, lost = said[3:]
    assert processes == "gcs_server raylet"
    assert lost.startswith("The work stopped: Ray's own processes died (The actor never ran). What is done")
