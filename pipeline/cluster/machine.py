"""What this machine gives a process: memory and cores, as limited by its container, batch system or shell.

A container sees its host's memory, but is killed at its own limit. That limit is in the files of its control group, of
which there are two versions.
"""

import ctypes
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Without one of them PyTorch finds no GPU: the driver of NVIDIA's cards, and the device of AMD's.
CUDA_DRIVER, AMD_DEVICE = "libcuda.so.1", Path("/dev/kfd")
CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# What both versions say where there is no limit is larger than any machine.
NO_LIMIT = 1 << 60
# Address space, not memory: PyTorch and Ray's store take far more of it than they use; 4 GB were too little.
LEAST_ADDRESS_SPACE = 8 << 30


def free_memory(root: Path = CGROUPS, own: Path = OWN_CGROUP) -> float:
    """Bytes that may be taken: what the machine has free, and no more than its control groups leave; inf if unknown.

    Args:
        root: where control groups are mounted. own: which this process is in.
    """
    return min([_free_on_machine(), *_left_by_groups(root, own)])


def count_gpus() -> int:
    """GPUs that PyTorch can use in this process: those of CUDA_VISIBLE_DEVICES, where that is set."""
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        if not AMD_DEVICE.exists():
            return 0
    # Its import takes two seconds, and only here may it find something.
    import torch

    return torch.cuda.device_count()


def usable_cores() -> int:
    """Cores that this process may run on: fewer than the machine's under taskset, in a container, on a batch system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, int(int(quota) / int(period))))
    return cores


def cores_of_group(root: Path = CGROUPS) -> float:
    """Cores that the control group of version 1 grants; inf where it says nothing."""
    with suppress(OSError, ValueError):
        quota, period = (int((root / "cpu" / name).read_text()) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
        if quota > 0 and period > 0:
            return max(1.0, quota / period)
    return math.inf


def address_space() -> float:
    """Bytes of address space that the shell allows (`ulimit -v`); inf where it does not bound it."""
    if resource is None:
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if soft == resource.RLIM_INFINITY else float(soft)


def _free_on_machine() -> float:
    """Free memory of the whole machine, including its page cache."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    if hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):
            return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return math.inf


def _left_by_groups(root: Path, own: Path) -> Iterator[float]:
    """Free memory in each control group that this process belongs to."""
    groups = {0: Path(), 1: Path()}
    with suppress(OSError):
        for line in own.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                groups[0] = Path(path.lstrip("/"))
            elif "memory" in controllers.split(","):
                groups[1] = Path(path.lstrip("/"))
    names = (
        (root, "memory.max", "memory.current", "inactive_file"),
        (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    )
    for (start, limit, usage, cache), group in zip(names, (groups[0], groups[1]), strict=True):
        for folder in {start, *(start / part for part in (group, *group.parents))}:
            with suppress(OSError, ValueError):
                most, used = int((folder / limit).read_text()), int((folder / usage).read_text())
                if most < NO_LIMIT:
                    yield float(max(most - used + _cache(folder, cache), 0))


def _cache(folder: Path, name: str) -> int:
    """Bytes of page cache, which the system gives up on demand."""
    with suppress(OSError, ValueError):
        for line in (folder / "memory.stat").read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
