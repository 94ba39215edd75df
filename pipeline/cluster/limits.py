"""System limits under which a local Ray silently fails to start, or to start workers."""

import os
import resource
from contextlib import suppress
from pathlib import Path

from common.errors import ClusterError
from common.formatting import size
from pipeline.cluster.machine import LEAST_ADDRESS_SPACE, address_space, free_memory

LEAST_FILES = 256
# Threads of Ray's own processes, and for each core those of the workers on it, measured with some to spare.
OWN_THREADS, THREADS_EACH = 250, 30


def check_limits(cpus: int, store_bytes: int = 0) -> None:
    """Check that this account's limits allow a local Ray with so many cores and so much shared memory.

    Raises:
        ClusterError: they do not; the limit is named.
    """
    if store_bytes > (free := free_memory()):
        raise ClusterError(
            f"cluster.object_store_mb asks for {size(store_bytes)} of shared memory, and this machine has {size(free)} "
            "free. Leave it out: the default is enough."
        )
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files != resource.RLIM_INFINITY and files < LEAST_FILES:
        raise ClusterError(
            f"This account may open {files} files (ulimit -n), and Ray needs at least {LEAST_FILES}. Raise the limit."
        )
    if (allowed := address_space()) < LEAST_ADDRESS_SPACE:
        raise ClusterError(
            f"This shell allows {size(allowed)} of address space (ulimit -v), and Ray needs "
            f"{size(LEAST_ADDRESS_SPACE)}. Raise the limit: ulimit -v unlimited."
        )
    most = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    needed = OWN_THREADS + THREADS_EACH * cpus
    if most == resource.RLIM_INFINITY or os.getuid() == 0:  # the system does not hold root to it
        return
    if (left := most - _threads()) < needed:
        raise ClusterError(
            f"This account may have {most} processes and threads (ulimit -u), of which {max(left, 0)} are free, and "
            f"Ray needs about {needed} on {cpus} cores. Raise the limit."
        )


def _threads() -> int:
    """Threads of this account's processes; 0 where the system does not say."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if process.stat().st_uid == os.getuid():
                count += sum(1 for _ in (process / "task").iterdir())
    return count
