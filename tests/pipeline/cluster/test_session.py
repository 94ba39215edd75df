"""A session is private, and says so when Ray dies under it."""

import subprocess
import sys
from pathlib import Path

import pytest

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


LOST = """
from pipeline.job.spec import ClusterSpec
from pipeline.cluster.session import ray_session
from common.errors import EngineDied
for how in ("there", "lost"):
    try:
        with ray_session(ClusterSpec(), cpus=1):
            import ray
            processes = ray._private.worker._global_node.all_processes
            if how == "lost":  # one without which this process lives on for long enough to say so
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
    ran = subprocess.run([sys.executable, "-c", LOST], cwd=repository, capture_output=True, text=True, check=True)
    there, lost = ran.stdout.splitlines()
    assert there == "not the engine: The actor never ran"
    assert lost.startswith("The work stopped: Ray's own processes died (The actor never ran). What is done")
