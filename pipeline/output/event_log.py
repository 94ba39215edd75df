"""A run's events, for the display, the log and the tests.

An event is a flat dictionary with "time" (unix seconds) and "event" (its kind), and the fields of its kind:

| event | fields |
|---|---|
| `run_started` | job, output, rows, kept, address, videos (a URI, or empty) |
| `workers` | workers (a sentence), where they are started |
| `phase` | phase, state (a `PhaseState`), done, total (or null), seconds, detail (or empty) |
| `row` | id, status, reason, message, frames, seconds |
| `warning` | message |
| `verified` | message, where a run compared finished videos with their hashes |
| `run_finished` | done, kept, failed, frames, seconds, exit_code, far_from_motion (videos) |
| `run_interrupted` | done, kept, failed, remaining; far_from_motion, or cause where an error ended it |
"""

import json
import math
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pipeline.output.redacted_files import json_line, redact_nested

# Lines that wait for a full disk to have room again; beyond this the oldest are given up, never the run.
MOST_WAITING = 100_000

Event = dict[str, Any]
Listener = Callable[[Event], None]


class PhaseState(StrEnum):
    """Where a phase of the run is, in its events."""

    STARTED = "started"
    PROGRESS = "progress"
    FINISHED = "finished"


class EventLog:
    """Appends events to a file as JSON lines and hands each one to its listeners.

    Use it as a context manager, or call `close`. Without a path nothing is written; `open` gives it one later, so
    that what is said before the output folder exists is kept and written there too.
    """

    def __init__(self, path: Path | None = None, listeners: list[Listener] | None = None) -> None:
        self.listeners: list[Listener] = list(listeners or [])
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._torn = False
        self._path: Path | None = None
        self._file: IO[bytes] | None = None
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Write to `path` from now on, after what an earlier run left in it."""
        self.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._torn = path.exists() and not _ends_with_newline(path)  # a killed run left half a line
        self._file, self._path = path.open("ab", buffering=0), path
        self._write()

    def emit(self, event: str, **fields: Any) -> Event:
        """Append one event and tell the listeners; returns the event."""
        plain = {name: _plain(value) for name, value in fields.items()}
        record: Event = redact_nested({"time": time.time(), "event": event, **plain})
        self._waiting.append(json_line(record))
        self._write()
        for listener in self.listeners:
            listener(record)
        return record

    def _write(self) -> None:
        """Write waiting events to the file, as far as there is room; a log that cannot be written ends no run."""
        reopened = False
        while self._file is not None and self._waiting:
            line = ("\n" if self._torn else "") + self._waiting[0]
            encoded = line.encode("utf-8", "backslashreplace")
            try:
                written = self._file.write(encoded)
            except OSError:
                if reopened or not self._reopen():
                    return
                reopened = True
                continue
            self._torn = written < len(encoded)
            if self._torn:  # the disk is full; what follows must not be glued to half a line
                return
            self._waiting.popleft()

    def _reopen(self) -> bool:
        """Open the file again if that is possible: a handle on a mount that went away never works again.

        A log that is not there is never made anew: under a mount that went away lies another disk.
        """
        assert self._file is not None and self._path is not None
        try:
            torn = not _ends_with_newline(self._path)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        except OSError:
            return False
        with suppress(OSError):
            self._file.close()
        self._file, self._torn = os.fdopen(handle, "ab", buffering=0), torn
        return True

    def close(self) -> None:
        """Close the file; further events are kept until the next `open`."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_events(path: Path) -> list[Event]:
    """The events of a log, oldest first; half a line at the end (a run killed while writing it) is left out."""
    events: list[Event] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                event = json.loads(line, parse_constant=_refuse_constant)
            except (ValueError, RecursionError):  # others may write there, too
                continue
            if isinstance(event, dict):
                events.append(event)
    return events


def _refuse_constant(name: str) -> None:
    """NaN and its fellows are no JSON: such a line is not one of ours, and no time can be reckoned with it."""
    raise ValueError(name)


def _plain(value: Any) -> Any:
    """A value that JSON can hold: no NaN (null instead), no numpy scalar, no path."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"
