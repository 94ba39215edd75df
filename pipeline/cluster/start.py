"""Starting a local Ray, or joining a cluster's."""

import logging
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from common.errors import ClusterError, WorkStopped
from common.install_hints import install_extra
from common.redaction import describe_error
from pipeline.cluster.alarm import answering, is_alarmed
from pipeline.cluster.orphans import end_processes, ray_folder
from pipeline.cluster.quiet_ray import ROOT, without_helpers, without_stderr
from pipeline.job.spec import ClusterSpec

STARTS = 3
# Within half a minute Ray starts, or joins, or says that it does not; but where a process of its own, or the cluster's,
# is frozen it waits for ever.
START_SECONDS = 180.0
TRIAL = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False)"
# What a worker needs of the repository when Ray carries it to other machines.
NOT_UPLOADED = ["/outputs", "/.git", "/tests", "/docs", "/benchmarks", "/training", "**/__pycache__"]


def start_local_ray(ray: Any, cluster: ClusterSpec, folder: Path, cpus: int) -> None:
    """Start Ray; retry where its processes are not up within the half minute that it gives them.

    Args:
        ray: the module, of `import_ray`.
        cluster: the job's field.
        folder: of `private_folder`.
        cpus: cores that it may use.

    Raises:
        WorkStopped: they never are.
    """
    for left in reversed(range(STARTS)):
        try:
            with answering(START_SECONDS):
                # A Ray that does not start without its helpers has them the next time.
                lean = left == STARTS - 1 and not cluster.dashboard
                with without_helpers() if lean else nullcontext():
                    return _start_local(ray, cluster, folder, cpus)
        except ValueError:
            raise  # a setting that Ray refuses
        except Exception as error:  # it has no class for that
            ray.shutdown()
            end_processes(folder)
            if not left:
                raise WorkStopped(
                    f"Ray did not start on this machine, {STARTS} times in a row: it is too busy or out of memory "
                    f"({describe_error(error)}). Try again by running the same command."
                ) from error


def _start_local(ray: Any, cluster: ClusterSpec, folder: Path, cpus: int) -> None:
    # Ray puts the current folder first on its workers' import path: a user's own stages.py would be taken for ours.
    with warnings.catch_warnings(), without_stderr(), chdir(ROOT), _ignore_hangup():
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
    """Let processes that are started meanwhile outlive the terminal; the run ends them after the rows in hand."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def join_cluster(ray: Any, cluster: ClusterSpec) -> None:
    """Join a running cluster, and carry our code to it.

    Raises:
        ClusterError: none answers at the job's address, or the address needs Ray's client, which is not installed.
    """
    if not is_alarmed():
        _check_answers(cluster)
    try:
        with answering(START_SECONDS), without_stderr():
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
            f"Install it with {install_extra('cluster')}, or run on a machine of the cluster with address auto."
        ) from error
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterError(
            f"cluster.address {cluster.address}: no cluster answers there ({reason}). "
            "Start one with `ray up jobs/cluster.yaml`, or use local."
        ) from error


def _check_answers(cluster: ClusterSpec) -> None:
    """Join in a process that can be ended: whatever listens at an address and says nothing, Ray waits for it for ever.

    What else is wrong there is told by joining itself.

    Raises:
        ClusterError: nothing came back.
    """
    try:
        subprocess.run([sys.executable, "-c", TRIAL, cluster.address], capture_output=True, timeout=START_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ClusterError(
            f"cluster.address {cluster.address}: what is there does not answer within {START_SECONDS:g} s. Look at the "
            "cluster with `ray status`, or use local."
        ) from error
