"""Starting Ray, and stopping it, without a word and without a connection that nobody asked for.

What Ray 2.60 does by itself, and our measure against it (a test watches every connection of a local run):

- It asks the cloud's metadata address which provider this is, even with usage statistics off: its processes get a
  private HOME, in which `ray_bootstrap_config.yaml` names the provider `local`.
- It reports usage statistics: RAY_USAGE_STATS_ENABLED=0.
- It opens a UDP socket towards 8.8.8.8 to learn its own address, and then listens on that: the switch for machines
  that cannot have clusters (RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0) means loopback.
- It writes an access token to ~/.ray, and sessions to /tmp/ray, where any user may write: the private HOME, and a
  short folder that no other user can enter.

The environment is as before when the session ends.
"""

import logging
import os
import secrets
import shutil
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from common.errors import ClusterError, EngineDied, WorkStopped
from common.redaction import describe_error
from pipeline.cluster.alarm import answering
from pipeline.cluster.limits import check_limits
from pipeline.cluster.orphans import (
    TOKEN_VARIABLE,
    clear_dead_sessions,
    end_processes,
    new_session_folder,
    ray_folder,
    token_path,
)
from pipeline.cluster.sizing import Node, usable_cores
from pipeline.job.spec import ClusterSpec

ROOT = Path(__file__).parents[2]
# Keeps other users of this machine out of our workers. Ray caches it, so a process has one for all its sessions.
TOKEN = secrets.token_hex(32)
STARTS = 3
# Of the sessions of this process that run: one at most, but for tests.
_own_folders: list[Path] = []
# What a worker needs of the repository when Ray carries it to other machines.
NOT_UPLOADED = ["/outputs", "/.git", "/tests", "/docs", "/benchmarks", "/training", "**/__pycache__"]


@contextmanager
def ray_session(cluster: ClusterSpec, cpus: int | None = None) -> Iterator[list[Node]]:
    """A running Ray for as long as the context lasts; yields the cluster's machines.

    A Ray that runs in this process already, as in a notebook, is used as it is and left running.

    Args:
        cluster: the job's field.
        cpus: cores of a local Ray; by default those that this process may use.

    Raises:
        ClusterError: there is no cluster at the address, it does not answer, or the system's limits allow no local Ray.
        WorkStopped: a local Ray does not start.
        EngineDied: an error ends the session, and processes that it had started are gone.
    """
    running = sys.modules.get("ray")
    if running is not None and running.is_initialized():
        yield _nodes(running)
        return
    if cluster.address == "local":
        check_limits(cpus or usable_cores())
    before = dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    folder = _private_folder() if cluster.address == "local" else None
    try:
        _quiet_environment(folder, cluster.dashboard)
        ray = _import_ray(local=folder is not None)
        try:
            if folder is not None:
                _start_with_retries(ray, cluster, folder, cpus or usable_cores())
            else:
                _join(ray, cluster)
            os.environ["HOME"] = before.get("HOME", str(Path.home()))
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():  # Ray puts its own in place
                    signal.signal(number, handler)
            if folder is not None:
                _own_folders.append(folder)
            yield _nodes(ray)
        except Exception as error:  # whatever broke: if Ray died, that is why
            if _lost_processes(ray):
                raise EngineDied(
                    f"The work stopped: Ray's own processes died ({describe_error(error)}). "
                    "What is done is kept; the same "
                    "command resumes from there."
                ) from error
            raise
        finally:
            with answering():
                ray.shutdown()
    finally:
        _restore(before)
        if folder is not None:
            if folder in _own_folders:
                _own_folders.remove(folder)
            end_processes(folder)  # a frozen one, or what a worker that was killed had started, does not end by itself
            shutil.rmtree(folder, ignore_errors=True)


def _lost_processes(ray: Any) -> bool:
    """Whether any process is gone that this one has started for Ray; then Ray's errors say all kinds of things."""
    node = ray._private.worker._global_node
    return node is not None and bool(node.dead_processes())


def _quiet_environment(folder: Path | None, dashboard: bool = False) -> None:
    """Variables that Ray's processes inherit."""
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


def _restore(before: dict[str, str]) -> None:
    """Put back what `_quiet_environment` and Ray have changed, and nothing else."""
    for name in {*before, *os.environ}:
        if name in ("HOME", "PYTHONPATH", "MICROMOTION_HOME") or name.startswith("RAY_"):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def _import_ray(local: bool) -> Any:
    """Ray is imported late: its import takes a second, and reads the environment."""
    import ray
    from ray._private import auto_init_hook, ray_constants, worker

    ray_constants.ENABLE_RAY_CLUSTER = not local and sys.platform not in ("darwin", "win32")
    # A thread of a flow that was given up would otherwise start a Ray of its own after ours has ended.
    auto_init_hook.enable_auto_connect = False
    # Deaths of workers are told in our own words; Ray would print them to stdout, past the display.
    worker.print_to_stdstream = lambda data, ignore_prefix: logging.getLogger("ray").debug("%s", data.get("lines"))
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    return ray


def _start_with_retries(ray: Any, cluster: ClusterSpec, folder: Path, cpus: int) -> None:
    """Start Ray, and again if its processes are not up within the half minute that it gives them.

    Raises:
        WorkStopped: they never are.
    """
    for left in reversed(range(STARTS)):
        try:
            return _start_local(ray, cluster, folder, cpus)
        except ValueError:
            raise  # a setting that Ray refuses
        except Exception as error:  # it has no class for that
            ray.shutdown()
            end_processes(folder)
            if not left:
                raise WorkStopped(
                    f"Ray did not start on this machine, {STARTS} times in a row: it is too busy or out of memory "
                    f"({describe_error(error)}). The same command tries again."
                ) from error


def _start_local(ray: Any, cluster: ClusterSpec, folder: Path, cpus: int) -> None:
    # Ray puts the current folder first on its workers' import path: a user's own stages.py would be taken for ours.
    with warnings.catch_warnings(), _without_stderr(), chdir(ROOT), _ignore_hangup():
        warnings.simplefilter("ignore")
        ray.init(
            address="local",
            num_cpus=cpus,
            num_gpus=0 if cluster.device == "cpu" else None,
            object_store_memory=cluster.object_store_mb << 20,
            include_dashboard=cluster.dashboard,
            configure_logging=True,
            logging_level=logging.CRITICAL,
            log_to_driver=False,
            _temp_dir=str(ray_folder(folder)),
            _node_ip_address="127.0.0.1",
        )


@contextmanager
def _ignore_hangup() -> Iterator[None]:
    """What is started meanwhile outlives the terminal: the run ends it, once the rows in hand are finished."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _join(ray: Any, cluster: ClusterSpec) -> None:
    """Join a running cluster, and carry our code to it."""
    try:
        with _without_stderr():
            ray.init(
                address=cluster.address,
                runtime_env={"working_dir": str(ROOT), "excludes": NOT_UPLOADED},
                configure_logging=True,
                logging_level=logging.CRITICAL,
                log_to_driver=False,
            )
    except ImportError as error:
        raise ClusterError(
            f"cluster.address {cluster.address}: such addresses need Ray's client. "
            "Install it with pip install 'ray[client]', or run on a machine of the cluster with address auto."
        ) from error
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterError(
            f"cluster.address {cluster.address}: no cluster answers there ({reason}). "
            "Start one with `ray up jobs/cluster.yaml`, or use local."
        ) from error


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Ray's C++ side announces its log level on the file descriptor itself; what goes wrong it raises."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def check_session() -> None:
    """Look whether a local Ray can still start workers.

    Raises:
        EngineDied: its folder is gone, as where somebody clears old files away; only a new one helps.
    """
    for folder in _own_folders:
        if not ray_folder(folder).is_dir():
            raise EngineDied(
                f"The work stopped: Ray's own folder {folder} was removed under it. What is done is kept; the same "
                "command resumes from there."
            )


def is_through_client() -> bool:
    """Whether the Ray that runs is reached through a ray:// address."""
    import ray

    return bool(ray.util.client.ray.is_connected())


def machines() -> list[Node]:
    """Those that are up now, in the Ray that runs."""
    import ray

    return _nodes(ray)


def _nodes(ray: Any) -> list[Node]:
    """The machines that are up."""
    return [
        Node(found.get("CPU", 0.0), found.get("GPU", 0.0), found.get("memory", float("inf")))
        for found in (node["Resources"] for node in ray.nodes() if node["Alive"])
    ]


def _private_folder() -> Path:
    """A folder for one session, with the HOME of its processes; what killed runs left is cleared away first."""
    clear_dead_sessions()
    folder = new_session_folder()
    (folder / "home" / "ray_bootstrap_config.yaml").write_text("provider: {type: local}\n", encoding="utf-8")
    token = token_path(folder)
    token.touch(mode=0o600)
    token.write_text(TOKEN, encoding="utf-8")
    return folder
