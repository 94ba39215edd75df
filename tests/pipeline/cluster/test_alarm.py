"""The end of a process in which Ray does not answer."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.cluster import alarm
from pipeline.cluster.alarm import answering, set_alarm


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the alarm goes off."""
    monkeypatch.setattr(alarm, "LOOK_SECONDS", 0.01)
    event = threading.Event()
    set_alarm(event.set)
    return event


def test_a_call_that_comes_back_ends_nothing_and_one_that_does_not_does(ended: threading.Event) -> None:
    with answering(0.5):
        pass
    with answering(1000.0):
        assert not ended.wait(1.0), "it has patience still, and the one before has come back"
    with answering(0.05), answering(1000.0):
        assert ended.wait(30.0), "an inner call's patience does not count for the outer one's"


def test_a_call_that_fails_is_no_call_any_more(ended: threading.Event) -> None:
    with pytest.raises(ValueError), answering(0.3):
        raise ValueError
    assert not ended.wait(0.6)
    with answering(0.0):
        time.sleep(0.1)
    assert ended.wait(30.0)


STUCK = """
import ctypes
from pipeline.cluster.alarm import answering, set_alarm
set_alarm()
with answering(0.5):
    ctypes.CDLL(None).pause()  # as Ray's own waits, it lets other threads run
"""


def test_a_process_that_waits_for_ever_is_killed_and_says_why(repository: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", STUCK], cwd=repository, capture_output=True, text=True, timeout=120)
    assert ran.returncode == -signal.SIGKILL
    assert ran.stderr == "Ray does not answer: its own processes are frozen.\n"
