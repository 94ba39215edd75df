"""End a process in which Ray does not answer.

A Ray whose own processes are frozen, and not dead, answers nothing: a call into it blocks the driver's main thread
where no signal reaches Python any more. Such a process is killed from another thread, and whoever watches it
(`pipeline.cli.supervisor`) starts it again, or ends if that was what somebody asked for.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.terminal import complain

# A machine under heavy load, or a cluster that is electing where to put things, may take half a minute.
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 1.0

_calls: list[tuple[float, float]] = []  # when each call into Ray began, the outermost first, and its patience


@contextmanager
def answering(patience: float | None = None) -> Iterator[None]:
    """Around calls into Ray that come back within `patience` seconds, by default `PATIENCE_SECONDS`, or never."""
    _calls.append((time.monotonic(), PATIENCE_SECONDS if patience is None else patience))
    try:
        yield
    finally:
        _calls.pop()


def set_alarm(end: Callable[[], None] | None = None) -> None:
    """From now on this process ends when Ray does not answer; for a process that nobody else uses."""
    threading.Thread(target=_watch, args=(end or _end,), name="alarm", daemon=True).start()


def _watch(end: Callable[[], None]) -> None:
    while not any(time.monotonic() - began > patience for began, patience in list(_calls)):
        time.sleep(LOOK_SECONDS)
    end()


def _end() -> None:
    complain("Ray does not answer: its own processes are frozen.")
    os.kill(os.getpid(), signal.SIGKILL)
