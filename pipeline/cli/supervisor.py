"""A run in a process of its own, watched by one that does nothing else.

When Ray's node process dies (the system was out of memory, or somebody killed it), Ray also ends the process that
drives the run, from C++, without a message and with exit code 1. A process that is killed directly leaves no message
either. The supervisor reports what happened and starts the run again as long as runs make progress: what is done is
kept, and a night is not lost over one death. It imports nothing heavy: a system that is out of memory kills large
processes first.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from common.errors import RESUME
from common.terminal import complain
from pipeline.cluster.orphans import clear_dead_sessions
from pipeline.run.signals import SIGNALS, handle_signals

# Tells the run's process that it is watched: its end of a socket, by number.
WATCHED = "MICROMOTION_WATCHED"
VERBS = ("run", "retry")
# A run that died so often without living long in between gets nowhere.
MOST_DEATHS = 3
LONG_SECONDS = 600.0
PAUSE_SECONDS = 2.0
INTERRUPTED = 130
# A watched process ends with it to be started again (sysexits.h: a temporary failure).
AGAIN = 75
NOT_BEGUN = "Interrupted before any video was begun; the same command starts it."


def supervise(arguments: Sequence[str]) -> int:
    """Run the command line in a child process, restart it where it dies, and return its exit code."""
    deaths, life = 0, ChildProcess()
    with handle_signals(life.hand_on):
        while True:
            started = time.monotonic()
            status, proper = life.run(arguments)
            if proper is not None and proper != AGAIN:
                return proper
            if life.stopped and (status == INTERRUPTED or -status in SIGNALS):  # before it listened to signals
                if status != INTERRUPTED:  # else it has said so
                    complain(f"Interrupted. {RESUME}" if deaths else NOT_BEGUN)
                return INTERRUPTED
            clear_dead_sessions()  # what is left of it would take memory and cores from the next life
            how = "ended without a word, as it does when Ray's own dies"
            if proper == AGAIN:
                how = "lost those of Ray"
            elif -status == getattr(signal, "SIGALRM", 0):  # of `pipeline.cluster.alarm`
                how = "got no answer from Ray"
            elif status < 0:
                how = f"was killed by signal {-status}"
            if life.stopped:
                complain(f"The run's process {how} while it was stopping. {RESUME}")
                return INTERRUPTED
            deaths = 1 if time.monotonic() - started > LONG_SECONDS else deaths + 1
            if deaths >= MOST_DEATHS:
                complain(
                    f"The run's process {how}, {deaths} times in a row: most likely the memory does not suffice. Ask "
                    f"for fewer workers with --set cluster.workers=1. {RESUME}"
                )
                return 1
            complain(f"The run's process {how}. What is done is kept; the run starts again by itself.")
            time.sleep(PAUSE_SECONDS)
            if life.stopped:
                return INTERRUPTED
            arguments = [argument for argument in arguments if argument != "--fresh"]


def to_be_supervised(arguments: Sequence[str]) -> bool:
    """Whether a command starts long work and does not run under the supervisor already."""
    return bool(arguments) and arguments[0] in VERBS and WATCHED not in os.environ


@contextmanager
def under_watch() -> Iterator[bool]:
    """In the child process: die with the supervisor, and report a proper end and its exit code to it.

    Yields:
        Whether it is watched.
    """
    number = os.environ.pop(WATCHED, "")
    if not number.isdigit():
        yield False
        return
    watcher = socket.socket(fileno=int(number))
    watcher.set_inheritable(False)

    def die_with_it() -> None:
        with suppress(OSError):
            watcher.recv(1)  # it never says anything
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=die_with_it, name="supervisor", daemon=True).start()
    code = 1
    try:
        yield True
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    finally:
        with suppress(OSError):
            watcher.send(bytes([code % 256]))


class ChildProcess:
    """The child process, and those that replace it.

    Attributes:
        stopped: whether it was asked to stop.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, arguments: Sequence[str]) -> tuple[int, int | None]:
        """Run one child process to its end: its status, and the exit code if it ended properly."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                number = theirs.fileno()
                self._process = subprocess.Popen(
                    [sys.executable, sys.argv[0], *arguments],
                    env=os.environ | {WATCHED: str(number)},
                    pass_fds=[number],
                )
            if self.stopped:  # told so while there was nobody yet to hand it on to
                self._process.terminate()
            status = self._process.wait()
            ours.setblocking(False)
            with suppress(BlockingIOError):
                return status, next(iter(ours.recv(1)), None)
            return status, None

    def hand_on(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal that asks to stop on to the child process."""
        self.stopped = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
