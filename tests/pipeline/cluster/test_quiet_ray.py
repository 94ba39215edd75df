"""What is set and patched to keep Ray quiet stays within the session, and within one file."""

import os
import re
import sys
from pathlib import Path

import pytest

from pipeline.cluster.quiet_ray import (
    HELPERS,
    import_ray,
    lost_processes,
    quiet_environment,
    restore_environment,
    without_helpers,
)


@pytest.mark.parametrize("local", [True, False])
def test_the_environment_is_as_before_when_a_session_ends(
    local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    before = dict(os.environ)
    quiet_environment(tmp_path if local else None)
    assert (os.environ["HOME"] == str(tmp_path / "home")) == local
    assert ("RAY_ADDRESS" in os.environ) == (not local)
    assert os.environ["PYTHONPATH"].endswith(f"{os.pathsep}/mine")
    restore_environment(before)
    assert dict(os.environ) == before


def test_helpers_are_left_out_while_ray_starts_and_a_ray_without_them_starts_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ray._private.node import Node

    before = {name: getattr(Node, name) for name in HELPERS}
    with without_helpers():
        assert not any(getattr(Node, name) is start for name, start in before.items())
    assert all(getattr(Node, name) is start for name, start in before.items())
    monkeypatch.setitem(sys.modules, "ray._private.node", None)  # as where a release has no such module
    with without_helpers():
        assert all(getattr(Node, name) is start for name, start in before.items())


def test_a_ray_that_has_moved_what_is_private_is_imported_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    from ray._private import worker

    monkeypatch.setattr(worker, "print_to_stdstream", worker.print_to_stdstream)
    monkeypatch.delattr(worker, "_global_node")
    for module in ("auto_init_hook", "ray_constants"):
        monkeypatch.setitem(sys.modules, f"ray._private.{module}", None)
    assert import_ray(local=True) is ray
    assert not lost_processes(ray)


def test_one_file_alone_reaches_into_what_is_private_of_ray(repository: Path) -> None:
    rooms = ("benchmarks", "common", "manifests", "micromotion", "pipeline", "stages", "training", "weights")
    private = re.compile(r"\bray\.(_private|_raylet|experimental)\b|\bfrom ray import (.*\b)?(_\w+|experimental)\b")
    product = (path for room in rooms for path in (repository / room).rglob("*.py"))
    reach = {path.name for path in product if private.search(path.read_text())}
    assert reach == {"quiet_ray.py"}
