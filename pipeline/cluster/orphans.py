"""What a killed session of Ray leaves behind: its private folder, and processes that outlive it for minutes.

Ray's node process ends with the one that started it, but its helpers notice only after they have tried to reach its
store of state, which is gone too. The name of a session's folder holds the number of its process. Ray's processes are
recognised by the logs in that folder that they hold open (they wipe their environment in /proc). What they started,
ffmpeg and the like, is recognised by the path of the session's access token among its variables.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Ray's sockets lie in the session's folder and AF_UNIX allows 107 bytes; a long TMPDIR would not do.
SHORT_TEMPORARY = Path("/tmp")
TOKEN_VARIABLE = "RAY_AUTH_TOKEN_PATH"
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.05


def new_session_folder() -> Path:
    """A folder for a session of this process, which nobody else may enter; an empty HOME for its processes in it.

    Ray opens the folder that it is given to everybody (0777): it is given one within this (`ray_folder`).
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_prefix()}{os.getpid()}-", dir=_base()))
    (folder / "home").mkdir()
    return folder


def ray_folder(folder: Path) -> Path:
    """Where Ray's own files of a session lie; one letter, for the sake of its sockets' names."""
    return folder / "r"


def token_path(folder: Path) -> Path:
    """Where the access token of a session's folder lies."""
    return folder / "home" / "token"


def clear_dead_sessions() -> None:
    """End what is left of this user's sessions whose own process has gone, and remove their folders.

    Where the system has no /proc, the processes end by themselves, later.
    """
    for folder in _base().glob(f"{_prefix()}*"):
        process = folder.name.removeprefix(_prefix()).split("-")[0]
        if process.isdigit() and not _is_running(int(process)):
            end_processes(folder)
            shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """Kill a session's processes, and those that they are just starting, until there are none."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (alive := list(_processes(folder))) and time.monotonic() < until:
        for process in alive:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


def _processes(folder: Path) -> Iterator[int]:
    """The living processes of a session, this one never among them; none where there is no /proc."""
    variable = f"{TOKEN_VARIABLE}={token_path(folder)}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is somebody else's
            environment = (entry / "environ").read_bytes().split(b"\0")
            opened = (str(file.readlink()) for file in (entry / "fd").iterdir())
            ours = variable in environment or any(name.startswith(f"{folder}/") for name in opened)
            if ours and int(entry.name) != os.getpid():
                yield int(entry.name)


def _base() -> Path:
    return SHORT_TEMPORARY if os.access(SHORT_TEMPORARY, os.W_OK) else Path(tempfile.gettempdir())


def _prefix() -> str:
    return f"mmray-{os.getuid()}-"


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
