"""Ray without messages and network connections of its own; only this file uses `ray._private`.

What Ray 2.60 does by itself, and our measure against it (a test watches every connection of a local run):

- It asks the cloud's metadata address which provider this is, even with usage statistics off: its processes get a
  private HOME, in which `ray_bootstrap_config.yaml` names the provider `local`.
- It reports usage statistics: RAY_USAGE_STATS_ENABLED=0.
- It opens a UDP socket towards 8.8.8.8 to learn its own address, and then listens on that: the switch for machines
  that cannot have clusters (RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0) means loopback.
- It writes an access token to ~/.ray, and sessions to /tmp/ray, where any user may write: the private HOME, and a
  short folder that no other user can enter.
- It starts three processes that nobody here needs, each a second of a core and 80 MB, and waits for one of them: they
  are left out (`without_helpers`).
"""

import logging
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.cluster.orphans import TOKEN_VARIABLE, clear_dead_sessions, new_session_folder, token_path

ROOT = Path(__file__).parents[2]
# Keeps other users of this machine out of our workers. Ray caches it, so a process has one for all its sessions.
TOKEN = secrets.token_hex(32)
# What the driver prints of its workers' output, which we turn off; machines that come and go with the work; the server
# of the dashboard, which without one sends usage statistics and does nothing else.
HELPERS = ("start_log_monitor", "start_monitor", "start_api_server")


def private_folder() -> Path:
    """A folder for one session, with the HOME of its processes; what killed runs left is cleared away first."""
    clear_dead_sessions()
    folder = new_session_folder()
    (folder / "home" / "ray_bootstrap_config.yaml").write_text("provider: {type: local}\n", encoding="utf-8")
    token = token_path(folder)
    token.touch(mode=0o600)
    token.write_text(TOKEN, encoding="utf-8")
    return folder


def quiet_environment(folder: Path | None, dashboard: bool = False) -> None:
    """Set the variables that Ray's processes inherit.

    Args:
        folder: of `private_folder`, for a local Ray; None for a cluster's.
        dashboard: whether Ray's dashboard is to have something to show.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_BACKEND_LOG_LEVEL"] = "fatal"  # of Ray's C++ side in this process, which writes to stderr
    os.environ["MICROMOTION_HOME"] = str(Path.home())
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    if folder is not None:
        os.environ["HOME"] = str(folder / "home")
        os.environ.pop("RAY_AUTH_MODE", None)  # unset means on, for a local Ray
        os.environ[TOKEN_VARIABLE] = str(token_path(folder))
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ.pop("RAY_ADDRESS", None)
        # The history of tasks, for Ray's dashboard: 8 KB of memory for every row of a night.
        if not dashboard:
            os.environ["RAY_task_events_report_interval_ms"] = "0"  # noqa: SIM112 (Ray's own spelling)
        # On one machine Ray's store of state does not come back; by default a driver waits a minute for it.
        os.environ["RAY_gcs_rpc_server_reconnect_timeout_s"] = "15"  # noqa: SIM112 (Ray's own spelling)


def restore_environment(before: dict[str, str]) -> None:
    """Put back what `quiet_environment` and Ray have changed, and nothing else."""
    for name in {*before, *os.environ}:
        if name in ("HOME", "PYTHONPATH", "MICROMOTION_HOME") or name.startswith("RAY_"):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def import_ray(local: bool) -> Any:
    """Ray's module, told to be quiet. Imported late: its import takes a second, and reads the environment.

    Args:
        local: whether it is to listen on this machine's loopback alone.
    """
    import ray

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    # A release that has moved any of these runs all the same, without what it is for.
    _set_private("ray_constants", "ENABLE_RAY_CLUSTER", not local and sys.platform not in ("darwin", "win32"))
    # A thread of a flow that was given up would otherwise start a Ray of its own after ours has ended.
    _set_private("auto_init_hook", "enable_auto_connect", False)
    # Deaths of workers are told in our own words; Ray would print them to stdout, past the display.
    _set_private("worker", "print_to_stdstream", _log_lines)
    return ray


def _set_private(module: str, name: str, value: object) -> None:
    """Set a name of one of Ray's private modules, where there is one."""
    with suppress(ImportError):
        found = import_module(f"ray._private.{module}")
        if hasattr(found, name):
            setattr(found, name, value)


def _log_lines(data: Mapping[str, Any], ignore_prefix: str) -> None:
    """What Ray calls with lines of its workers."""
    logging.getLogger("ray").debug("%s", data.get("lines"))


@contextmanager
def without_helpers() -> Iterator[None]:
    """Have Ray start without its helpers, for which it has no setting. A release that calls them otherwise has them."""
    try:
        from ray._private.node import Node
    except ImportError:
        yield
        return
    before = {name: getattr(Node, name) for name in HELPERS if hasattr(Node, name)}
    for name in before:
        setattr(Node, name, lambda node, **settings: None)
    try:
        yield
    finally:
        for name, start in before.items():
            setattr(Node, name, start)


def lost_processes(ray: Any) -> bool:
    """Whether a process that this one started for Ray is gone, which shows in Ray as many kinds of errors."""
    worker = getattr(getattr(ray, "_private", None), "worker", None)
    node = getattr(worker, "_global_node", None)  # where a release has none, errors of Ray's are what is seen
    return node is not None and bool(node.dead_processes())


@contextmanager
def without_stderr() -> Iterator[None]:
    """Close stderr to Ray's C++ side, which writes its log level there; its errors arrive as exceptions."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
