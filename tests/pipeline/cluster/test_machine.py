"""What a container, a batch system or a shell leaves a process."""

import math
from pathlib import Path

import pytest

from pipeline.cluster import machine
from pipeline.cluster.machine import address_space, cores_of_group, count_gpus, free_memory


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.write_text("4:cpu,memory:/box/one\n0::/slice/box\n")
    return path


def test_a_group_of_version_2_bounds_the_memory(tmp_path: Path, own: Path) -> None:
    write(tmp_path / "slice/box/memory.max", "1000000")
    write(tmp_path / "slice/box/memory.current", "700000")
    write(tmp_path / "slice/box/memory.stat", "anon 5\ninactive_file 100000")
    assert free_memory(tmp_path, own) == 400_000


def test_a_group_of_version_1_and_one_above_it_bound_the_memory(tmp_path: Path, own: Path) -> None:
    for folder, most in (("memory/box/one", "9000000"), ("memory/box", "2000000"), ("memory", "9223372036854771712")):
        write(tmp_path / folder / "memory.limit_in_bytes", most)
        write(tmp_path / folder / "memory.usage_in_bytes", "500000")
    assert free_memory(tmp_path, own) == 1_500_000


def test_no_limit_and_no_groups_leave_the_machine_s_own(tmp_path: Path, own: Path) -> None:
    write(tmp_path / "slice/box/memory.max", "max")
    write(tmp_path / "slice/box/memory.current", "700000")
    assert 0 < free_memory(tmp_path, own) == pytest.approx(free_memory(tmp_path / "none", tmp_path / "none"), rel=0.5)


def test_a_quota_of_version_1_bounds_the_cores(tmp_path: Path) -> None:
    assert cores_of_group(tmp_path) == math.inf
    write(tmp_path / "cpu/cpu.cfs_period_us", "100000")
    write(tmp_path / "cpu/cpu.cfs_quota_us", "-1")
    assert cores_of_group(tmp_path) == math.inf
    write(tmp_path / "cpu/cpu.cfs_quota_us", "150000")
    assert cores_of_group(tmp_path) == 1.5


def test_the_address_space_is_the_shell_s() -> None:
    assert address_space() > 1 << 30


def test_gpus_are_those_of_pytorch_where_there_is_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr(machine, "CUDA_DRIVER", "libnone.so.1")
    monkeypatch.setattr(machine, "AMD_DEVICE", tmp_path / "kfd")
    assert count_gpus() == 0
    (tmp_path / "kfd").touch()
    assert count_gpus() == 3
    (tmp_path / "kfd").unlink()
    monkeypatch.setattr(machine, "CUDA_DRIVER", None)  # this program itself, which there always is
    assert count_gpus() == 3
