"""End a process in which Ray does not answer.

A Ray whose own processes are frozen, and not dead, answers nothing: a call into it blocks the driver's main thread
where no signal reaches Python any more, and some calls keep Python's lock meanwhile, so that no other thread runs
either. The system's own timer ends such a process, by SIGALRM, and whoever watches it (`pipeline.cli.supervisor`)
starts it again, or ends if that was what somebody asked for.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A machine under heavy load, or a cluster that is electing where to put things, may take half a minute.
PATIENCE_SECONDS = 60.0
LEAST_SECONDS = 1e-3  # a timer of 0 is none

_limits: list[float] = []  # until when each call into Ray has to come back, the outermost first
_alarmed = threading.Event()


@contextmanager
def answering(patience: float | None = None) -> Iterator[None]:
    """Around calls into Ray that come back within `patience` seconds, by default `PATIENCE_SECONDS`, or never."""
    _limits.append(time.monotonic() + (PATIENCE_SECONDS if patience is None else patience))
    _wind()
    try:
        yield
    finally:
        _limits.pop()
        _wind()


def set_alarm() -> None:
    """From now on this process ends when Ray does not answer; for a process that nobody else uses."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        _alarmed.set()


def is_alarmed() -> bool:
    """Whether this process ends when Ray does not answer."""
    return _alarmed.is_set()


def _wind() -> None:
    """Set the timer to the first limit, or stop it."""
    if _alarmed.is_set():
        left = max(min(_limits) - time.monotonic(), LEAST_SECONDS) if _limits else 0.0
        signal.setitimer(signal.ITIMER_REAL, left)
