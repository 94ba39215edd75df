"""What is set and patched to keep Ray quiet stays within the session, and within one file."""

import os
import re
import sys
from pathlib import Path

import pytest

from pipeline.cluster.quiet_ray import HELPERS, quiet_environment, restore_environment, without_helpers


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


def test_one_file_alone_reaches_into_what_is_private_of_ray(repository: Path) -> None:
    product = (path for room in ("pipeline", "stages", "micromotion") for path in (repository / room).rglob("*.py"))
    reach = {path.name for path in product if re.search(r"\bray\._private\b|\bray\.experimental\b", path.read_text())}
    assert reach == {"quiet_ray.py"}
