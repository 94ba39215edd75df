"""Noticing workers that die while they are set up.

Ray starts such a worker again, for ever: a model that does not fit the memory would keep a run waiting in silence.
Every worker that is ready leaves a mark in Ray's own key-value store; starts without a mark are what is counted. A
worker that dies over a row has left its mark, and does not count.
"""

import time
import uuid

from stages.errors import WorkStopped

PREFIX = "micromotion-ready-"
CHECK_SECONDS = 5.0
TOLERATED = 5


def announce_ready() -> None:
    """Called in a worker: it is set up."""
    from ray.experimental.internal_kv import _internal_kv_put

    _internal_kv_put(f"{PREFIX}{uuid.uuid4().hex}", b"1")


class SetUpWatch:
    """Counts failed starts from its own making on; `workers` may be on their way at any time."""

    def __init__(self, class_name: str, workers: int) -> None:
        self._class_name, self._workers = class_name, workers
        self._before = self._unready()
        self._checked = time.monotonic()

    def check(self) -> None:
        """Look at most every few seconds.

        Raises:
            WorkStopped: workers keep dying before they are ready.
        """
        if time.monotonic() - self._checked < CHECK_SECONDS:
            return
        self._checked = time.monotonic()
        died = self._unready() - self._before - self._workers
        if died >= TOLERATED:
            raise WorkStopped(
                f"The workers die while they load their networks, {died} times so far: most likely the memory does not "
                "hold so many of them. Ask for fewer with cluster.workers, or use a machine with more memory."
            )

    def _unready(self) -> int:
        """Starts of workers so far, less those that became ready."""
        from ray._private.state import actors
        from ray.experimental.internal_kv import _internal_kv_list

        ours = (actor for actor in actors().values() if self._class_name in actor["ActorClassName"])
        return sum(1 + actor["NumRestarts"] for actor in ours) - len(_internal_kv_list(PREFIX))
