"""Ctrl-C, a batch system's SIGTERM, a terminal that is closed: stop soon, lose nothing.

The first signal during a flow lets what is in hand be finished and begins nothing more; the second one, or one
outside a flow, stops at once. Either way the run ends as KeyboardInterrupt, and the same command resumes it.
A run that was started with nohup does not hear of its terminal's end.

One key press may arrive twice: a terminal sends it to every process, and the supervisor hands it on.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 3.0
SAME_SECONDS = 1.0
AGAIN_SECONDS = 1.0


@contextmanager
def handle_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have a handler take the signals that ask to stop, for as long as the context lasts; in the main thread only.

    A signal that somebody else has taken over meanwhile stays theirs.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, present in before.items():
            # nohup's wish; but what a shell starts in the background ignores SIGINT too, and has to be stopped by it.
            if number != signal.SIGHUP or present is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, present in before.items():
            if signal.getsignal(number) == handler:
                signal.signal(number, present)


@contextmanager
def insisting() -> Iterator[None]:
    """Have an interruption heard that something swallows, as a module in C may while it is imported: it is raised again
    every second, until the context ends."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield
        return
    ended = threading.Event()

    def insist() -> None:
        if not ended.wait(AGAIN_SECONDS):
            os.kill(os.getpid(), signal.SIGINT)

    def take(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=insist, daemon=True).start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, take)
    try:
        yield
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)


class Interruption:
    """Whether the user wants to stop; asked by the flows several times a second through `check`."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._graceful = False

    @property
    def asked(self) -> bool:
        """Whether the user wants to stop."""
        return self._since is not None

    def check(self) -> None:
        """End a flow in which nothing in hand would be kept, if its moment of grace is over.

        Raises:
            KeyboardInterrupt: it is.
        """
        if self._since is not None and time.monotonic() - self._since > GRACE_SECONDS:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals for as long as the context lasts; in another thread than the main one there are none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with handle_signals(self._take):
            yield

    @contextmanager
    def graceful(self) -> Iterator[None]:
        """A part of the run that finishes rows in hand when it is asked to stop, or is over soon."""
        self._graceful = True
        try:
            yield
        finally:
            self._graceful = False

    def stop_here(self) -> None:
        """Stop between two flows, where no row is in hand.

        Raises:
            KeyboardInterrupt: the user wants to stop.
        """
        if self._since is not None:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._since is not None and time.monotonic() - self._since < SAME_SECONDS:
            return
        first, self._since = self._since is None, time.monotonic()
        if not (first and self._graceful):
            raise KeyboardInterrupt
