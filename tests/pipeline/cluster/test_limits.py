"""Limits of the system are told by their names, before anything is started."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import ClusterError
from pipeline.cluster import limits
from pipeline.cluster.limits import check_limits


def test_this_account_may_run_a_small_ray() -> None:
    check_limits(2)


def test_too_few_files_are_told(repository: Path) -> None:
    said = subprocess.run(
        [
            "bash",
            "-c",
            f"ulimit -n 64; exec {sys.executable} -c 'from pipeline.cluster.limits import *; check_limits(2)'",
        ],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert "may open 64 files (ulimit -n), and Ray needs at least 256" in said.stderr


def test_too_little_address_space_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "address_space", lambda: 4e9)
    with pytest.raises(ClusterError, match="ulimit -v"):
        check_limits(2)


def test_more_shared_memory_than_there_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 4e9)
    check_limits(2, 3 << 30)
    with pytest.raises(ClusterError, match=r"cluster.object_store_mb asks for 5.37 GB"):
        check_limits(2, 5 << 30)


@pytest.mark.parametrize(("used", "refused"), [(100, True), (0, False)])
def test_too_few_processes_are_told(monkeypatch: pytest.MonkeyPatch, used: int, refused: bool) -> None:
    monkeypatch.setattr(limits.resource, "getrlimit", lambda kind: (400 if kind == resource.RLIMIT_NPROC else -1, -1))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(limits, "_threads", lambda: used)
    if not refused:
        return check_limits(4)
    with pytest.raises(ClusterError, match=r"400 processes and threads \(ulimit -u\), of which 300 are.*about 370"):
        check_limits(4)


def test_threads_of_this_process_are_counted() -> None:
    assert limits._threads() >= 1
