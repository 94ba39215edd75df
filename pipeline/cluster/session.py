"""A session of Ray, started quietly and ended with every process that it has started.

The environment is as before when the session ends.
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import RESUME, EngineDied
from common.redaction import describe_error
from pipeline.cluster.alarm import answering
from pipeline.cluster.limits import check_limits
from pipeline.cluster.machine import usable_cores
from pipeline.cluster.orphans import end_processes, ray_folder
from pipeline.cluster.quiet_ray import (
    import_ray,
    lost_processes,
    private_folder,
    quiet_environment,
    restore_environment,
)
from pipeline.cluster.sizing import Node
from pipeline.cluster.start import join_cluster, start_local_ray
from pipeline.job.spec import ClusterSpec

# Of the sessions of this process that run: one at most, but for tests.
_own_folders: list[Path] = []


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
        yield machines()
        return
    if cluster.address == "local":
        check_limits(cpus or usable_cores(), cluster.object_store_mb << 20)
    before = dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    folder = private_folder() if cluster.address == "local" else None
    try:
        quiet_environment(folder, cluster.dashboard)
        ray = import_ray(local=folder is not None)
        try:
            if folder is not None:
                start_local_ray(ray, cluster, folder, cpus or usable_cores())
            else:
                join_cluster(ray, cluster)
            os.environ["HOME"] = before.get("HOME", str(Path.home()))
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():  # Ray puts its own in place
                    signal.signal(number, handler)
            if folder is not None:
                _own_folders.append(folder)
            yield machines()
        except Exception as error:  # whatever broke: if Ray died, that is why
            if lost_processes(ray):
                why = f"Ray's own processes died ({describe_error(error)})"
                raise EngineDied(f"The work stopped: {why}. {RESUME}") from error
            raise
        finally:
            with answering():
                ray.shutdown()
    finally:
        restore_environment(before)
        if folder is not None:
            if folder in _own_folders:
                _own_folders.remove(folder)
            end_processes(folder)  # a frozen one, or what a worker that was killed had started, does not end by itself
            shutil.rmtree(folder, ignore_errors=True)


def check_session() -> None:
    """Check that a local Ray can still start workers.

    Raises:
        EngineDied: its folder is gone, as where somebody clears old files away; only a new one helps.
    """
    for folder in _own_folders:
        if not ray_folder(folder).is_dir():
            raise EngineDied(f"The work stopped: Ray's own folder {folder} was removed under it. {RESUME}")


def is_own() -> bool:
    """Whether the Ray that runs was started by this process, for nobody else."""
    return bool(_own_folders)


def is_through_client() -> bool:
    """Whether the Ray that runs is reached through a ray:// address."""
    import ray

    return bool(ray.util.client.ray.is_connected())


def machines() -> list[Node]:
    """The machines that are up now, in the running Ray."""
    import ray

    return [
        Node(found.get("CPU", 0.0), found.get("GPU", 0.0), found.get("memory", float("inf")))
        for found in (node["Resources"] for node in ray.nodes() if node["Alive"])
    ]
