"""Ctrl-C, and a batch system's SIGTERM: stop soon, lose nothing.

The first signal during a flow lets what is nearly finished come in for a moment; the second one, or one outside a
flow, stops at once. Either way the run ends as KeyboardInterrupt, and the same command goes on from there.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_SECONDS = 3.0


class Interruption:
    """Whether the user wants to stop; asked by the flows several times a second through `check`."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._in_flow = False

    def check(self) -> None:
        """End the flow if its moment of grace is over.

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
        before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def flow(self) -> Iterator[None]:
        """A part of the run in which there is something to finish."""
        self._in_flow = True
        try:
            yield
        finally:
            self._in_flow = False

    def stop_here(self) -> None:
        """Between two flows there is nothing to wait for.

        Raises:
            KeyboardInterrupt: the user wants to stop.
        """
        if self._since is not None:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._in_flow and self._since is None:
            self._since = time.monotonic()
        else:
            raise KeyboardInterrupt
