"""Starting Ray on a machine that is too busy for it."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from ray._private.node import Node

from common.errors import ClusterError, WorkStopped
from pipeline.cluster import start
from pipeline.cluster.orphans import token_path
from pipeline.cluster.start import start_local_ray
from pipeline.job.spec import ClusterSpec

LOG_MONITOR = Node.start_log_monitor
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")


class BusyRay:
    """A Ray that is not up in time at first; on an idle machine a real one always is."""

    def __init__(self, failures: int) -> None:
        self.failures, self.starts = failures, 0
        self.helpers: list[subprocess.Popen[bytes]] = []
        self.lean: list[bool] = []

    def init(self, _temp_dir: str, **others: object) -> None:
        self.starts += 1
        self.lean.append(Node.start_log_monitor is not LOG_MONITOR)
        if self.starts <= self.failures:
            token = {"RAY_AUTH_TOKEN_PATH": str(token_path(Path(_temp_dir).parent))}
            self.helpers.append(subprocess.Popen(["sleep", "60"], env=os.environ | token))
            raise Exception("The current node timed out during startup. This could happen because")

    def shutdown(self) -> None:
        """Knows nothing of the node that it gave up."""


def test_a_ray_that_a_busy_machine_does_not_start_in_time_is_started_again(tmp_path: Path) -> None:
    ray = BusyRay(2)
    start_local_ray(ray, ClusterSpec(), tmp_path, 1)
    assert ray.starts == 3 and ray.lean == [True, False, False], "at first without the helpers of Ray's own"
    assert [helper.wait(10) for helper in ray.helpers] == [-signal.SIGKILL] * 2
    with_dashboard = BusyRay(0)
    start_local_ray(with_dashboard, ClusterSpec(dashboard=True), tmp_path, 1)
    assert with_dashboard.lean == [False]
    with pytest.raises(WorkStopped, match=r"^Ray did not start on this machine, 3 times in a row: it is too busy"):
        start_local_ray(BusyRay(3), ClusterSpec(), tmp_path, 1)


def test_a_cluster_that_listens_and_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "START_SECONDS", 4.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ClusterError, match="does not answer within 4 s"):
            start.join_cluster(None, ClusterSpec(address="auto"))
