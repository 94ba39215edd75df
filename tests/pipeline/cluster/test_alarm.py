"""The end of a process in which Ray does not answer."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ALARMED = """
import ctypes, time
from contextlib import suppress
from pipeline.cluster.alarm import answering, set_alarm
set_alarm()
"""


def exit_code(repository: Path, work: str) -> int:
    """How a process that has set the alarm ends over some work."""
    command = [sys.executable, "-c", ALARMED + work]
    return subprocess.run(command, cwd=repository, timeout=120).returncode


@pytest.mark.parametrize(
    "work",
    [
        "with answering(0.3): pass\ntime.sleep(0.6)",
        "with answering(0.3), answering(1000.0): pass\ntime.sleep(0.6)",
        "with answering(1000.0):\n with answering(0.3): pass\n time.sleep(0.6)",
        "with suppress(ValueError), answering(0.3): raise ValueError\ntime.sleep(0.6)",
    ],
    ids=["at once", "both", "the inner one", "with an error"],
)
def test_calls_that_come_back_end_nothing(repository: Path, work: str) -> None:
    assert exit_code(repository, work) == 0


@pytest.mark.parametrize(
    "waits",
    ["time.sleep(60)", "ctypes.CDLL(None).pause()", "ctypes.PyDLL(None).pause()"],
    ids=["in Python", "as most of Ray's calls wait", "with Python's lock, as its start does"],
)
def test_a_call_that_does_not_come_back_ends_its_process(repository: Path, waits: str) -> None:
    assert exit_code(repository, f"with answering(0.5): {waits}") == -signal.SIGALRM


@pytest.mark.parametrize(
    "call", ["start_local_ray(ray, ClusterSpec(), Path('/nowhere'), 1)", "join_cluster(ray, AUTO)"]
)
def test_a_start_of_ray_that_never_ends_ends_its_process(call: str, repository: Path) -> None:
    work = (
        "from pathlib import Path\nfrom types import SimpleNamespace\n"
        "from pipeline.cluster import start\nfrom pipeline.job.spec import ClusterSpec\n"
        "start.START_SECONDS = 0.5\nray = SimpleNamespace(init=lambda **_: ctypes.PyDLL(None).pause())\n"
        f"AUTO = ClusterSpec(address='auto')\nstart.{call}"
    )
    assert exit_code(repository, work) == -signal.SIGALRM


def test_an_inner_calls_patience_does_not_count_for_the_outer_one(repository: Path) -> None:
    assert exit_code(repository, "with answering(0.3), answering(1000.0): time.sleep(60)") == -signal.SIGALRM


def test_a_process_that_set_no_alarm_is_left_alone(repository: Path) -> None:
    work = "from pipeline.cluster.alarm import answering\nimport time\nwith answering(0.1): time.sleep(0.4)"
    assert subprocess.run([sys.executable, "-c", work], cwd=repository, timeout=120).returncode == 0
