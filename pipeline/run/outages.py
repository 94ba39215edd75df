"""Pause while the output disk, a mount or the image share is unavailable.

No row is at fault for these, and most end by themselves or once somebody looks. A run that stopped at once would lose
the rest of the night; one that continued would fail every row that is left.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from common import storage
from common.atomic_files import why_not_writable
from common.errors import RESUME, OutputUnavailable, RowError, WorkStopped
from common.formatting import duration
from pipeline.cluster.alarm import answering
from pipeline.cluster.sizing import WorkerLayout
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from stages.media.fetch_image import fetch

NO_MACHINE = "no machine of the cluster can work now"
LOOK_SECONDS = 5.0
WAIT_SECONDS = 0.1
# Below this a disk counts as full: a video that did not fit may be larger than what a probe writes.
LEAST_FREE = 64 << 20
# Images that could be read, so that one that is deleted is not taken for a share that went away.
CANARIES = 5
CANARY_SECONDS = 5.0
CANARY_TIMEOUT = 20.0


class ImagesUnavailable(OutputUnavailable):
    """Images that could be read a moment ago cannot be read any more."""


class MachinesUnavailable(OutputUnavailable):
    """Those machines of the cluster that could work have gone."""


def require_machines(replan: Callable[[], WorkerLayout | None]) -> WorkerLayout:
    """The workers that fit the machines there are now.

    Raises:
        MachinesUnavailable: none can work: `replan` gives None.
    """
    with answering():
        layout = replan()
    if layout is None:
        raise MachinesUnavailable(f"{NO_MACHINE}.")
    return layout


def why_unavailable(output: Path, videos: str = "") -> str:
    """What keeps results from an output folder now, as the end of a sentence; empty if nothing does.

    A folder that is missing is never made anew: under a mount that went away lies another disk.

    Args:
        output: the folder.
        videos: a URI, where the videos go elsewhere.
    """
    if videos and (why := storage.why_not_writable(videos)):
        return f"{videos} cannot be written: {why}"
    for folder in (output / "ledger",) if videos else (output / "videos", output / "ledger"):
        if why := why_not_writable(folder):
            return f"{folder} cannot be written: {why}"
    with suppress(OSError):
        if (free := shutil.disk_usage(output).free) < LEAST_FREE:
            return f"{output} has {free >> 20} MB left, less than {LEAST_FREE >> 20}"
    return ""


class CanaryImages:
    """A few images that could be read in this run. When none of them can be any more, it is not the next row's fault.

    Images that the driver cannot see (a cluster joined from outside) are no canaries; then nothing is noticed.
    """

    def __init__(self) -> None:
        self._seen: deque[str] = deque(maxlen=CANARIES)
        self._noted = 0.0

    def note(self, image: str) -> None:
        """A row's image was read by a worker; now and then it is remembered, if the driver can read it too."""
        if len(self._seen) == CANARIES and time.monotonic() - self._noted < CANARY_SECONDS:
            return
        self._noted = time.monotonic()
        if image not in self._seen and _readable(image):
            self._seen.append(image)

    def why_away(self) -> str:
        """Why all of them are gone, as the end of a sentence; empty as long as one is there, or none is known."""
        if not self._seen or any(_readable(image) for image in reversed(self._seen)):
            return ""
        return f"images that were there before, such as {self._seen[-1]}, cannot be read"


def why_still_away(
    outage: OutputUnavailable,
    canaries: CanaryImages,
    replan: Callable[[], WorkerLayout | None] | None,
    ledger: Ledger,
) -> str:
    """Why what an outage took away has not come back, as the end of a sentence; empty if it has.

    Args:
        outage: what was noticed.
        canaries, ledger: of the run.
        replan: as `require_machines` takes it; None where machines neither leave nor join.
    """
    if isinstance(outage, ImagesUnavailable):
        return canaries.why_away()
    if isinstance(outage, MachinesUnavailable):
        return NO_MACHINE if replan is not None and replan() is None else ""
    return why_unavailable(ledger.output, ledger.videos)


def wait_until_available(
    outage: OutputUnavailable,
    why: Callable[[], str],
    patience: float,
    events: EventLog,
    on_wait: Callable[[], None],
) -> None:
    """Wait until nothing is away any more, and say so.

    Args:
        outage: what was noticed.
        why: asked every few seconds what is still away; empty when nothing is.
        patience: seconds to wait.
        events: where it is reported.
        on_wait: called ten times a second; what it raises ends the wait.

    Raises:
        WorkStopped: it is still away after `patience` seconds.
    """
    said = str(outage).rstrip(".")
    if patience > 0:
        events.emit("warning", message=f"paused: {said}. Waiting for up to {duration(patience)} until that is fixed.")
    started = looked = time.monotonic()
    while (now := time.monotonic()) - started < patience:
        on_wait()
        time.sleep(WAIT_SECONDS)
        if now - looked < LOOK_SECONDS:
            continue
        looked = now
        if not (still := why()):
            events.emit("warning", message=f"resumed after {duration(time.monotonic() - started)}.")
            return
        said = still
    raise WorkStopped(f"The work stopped: {said}. Fix that. {RESUME}")


def _readable(image: str) -> bool:
    try:
        fetch(image, CANARY_TIMEOUT)
    except RowError:
        return False
    return True
