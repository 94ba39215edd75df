"""The lock of an output folder: one run at a time; `status` sees whether its holder is alive.

The lock's file says `process N on HOST`, and below it when the machine was started and when the process was: after
the machine's next start, or in a container, another process may have the same number.
"""

import fcntl
import os
import re
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from common.errors import OutputError

HOLDER = re.compile(r"process (\d+) on ([^\n]+)(?:\nboot (\S+), started at tick (\d+))?")


class OutputLock:
    """Keeps a second run out of an output folder. The system releases it with the process, however that ends.

    Raises:
        OutputError: another run holds it, or nothing can be written there.
    """

    def __init__(self, output: Path) -> None:
        self.path = output / ".lock"
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.readline().decode("utf-8", "replace").strip()
            file.close()
            raise OutputError(
                f"{self.path.parent} is in use by another run{f' ({holder})' if holder else ''}. "
                "Wait for it, or give this one another folder with --output."
            ) from None
        except OSError as error:
            warnings.warn(
                f"{self.path.parent} is on a file system without locks ({error.strerror}): "
                "nothing keeps a second run away from it.",
                stacklevel=2,
            )
        try:
            file.truncate(0)
            file.write(_this_process().encode())
        except OSError as error:
            file.close()
            raise self._unwritable(error) from error
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        with suppress(OSError):  # where the mount went away, what ended the run has to be said, and not this
            self._file.truncate(0)
        with suppress(OSError):
            self._file.close()
        self._file = None

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path} cannot be written: {error.strerror or error}. Nothing was started; fix that, or give "
            "this run another folder with --output."
        )


def holder_lives(output: Path) -> bool | None:
    """Whether the process that holds an output folder is alive; None where only its own machine can know."""
    try:
        holder = (output / ".lock").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not holder:  # given back, and yet the log has no end: the run stopped over an error
        return False
    found = HOLDER.fullmatch(holder)
    if found is None or found[2] != os.uname().nodename:
        return None
    process = int(found[1])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    # What the system does not say, or an older lock, is not held against the process.
    boot, tick = _boot(), _start_time(process)
    return not (found[3] and boot and tick and (boot, tick) != (found[3], found[4]))


def _this_process() -> str:
    """An identifier of this process that no later one shares."""
    text = f"process {os.getpid()} on {os.uname().nodename}"
    boot, tick = _boot(), _start_time(os.getpid())
    return f"{text}\nboot {boot}, started at tick {tick}" if boot and tick else text


def _boot() -> str:
    """The machine's boot id; empty where it has none."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _start_time(process: int) -> str:
    """When a process was started, in ticks since the machine was; empty where the system does not say."""
    with suppress(OSError):
        # The second field is the program's name, in brackets and with whatever signs it has.
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    return ""
