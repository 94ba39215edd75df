"""What every test shares: one thread, fixed seeds, and where optional material lies."""

import gc
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

# Before torch and NumPy are imported: two busy thread pools slow each other down more than they gain.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Graphs of the bundled networks are converted once for all runs of the tests, and never into a user's own folder.
os.environ.setdefault("MICROMOTION_GRAPHS", str(Path(tempfile.gettempdir()) / "micromotion-test-graphs"))

import numpy as np
import pytest
from hypothesis import settings

from common import storage

if TYPE_CHECKING:
    from pipeline.cluster.sizing import Node
    from stages.models import Models

REPOSITORY = Path(__file__).parents[1]

# What imports and collection make stays to the end. Looking for garbage in it, time and again, takes a tenth of them.
gc.disable()

# A deadline would fail a test for a busy machine; the same examples every time make a failure repeatable.
settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")


# PyTorch is imported where tests run: the process that only hands them out need not load it.
@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """PyTorch computes on one thread, as $OMP_NUM_THREADS asks of all others."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def fixed_seeds(one_thread: None) -> None:
    """Random numbers are the same in every run and in any order of tests."""
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that stands beside the repository where it was developed: real clips, faces, published directions."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder ../shared with real clips and faces")
    return folder


@pytest.fixture(scope="session")
def models() -> "Models":
    """The bundled networks on the CPU, loaded once for all tests that leave them as they are."""
    from stages.models import Models, ModelSettings

    return Models(ModelSettings(device="cpu"))


class SharedRay:
    """A local Ray of two cores for all modules that ask for it, which come one after another: starting takes seconds.

    It ends before the first module that does not: its own processes are never idle.
    """

    def __init__(self) -> None:
        self.modules: set[Path] = set()
        self._started = ExitStack()
        self._nodes: list[Node] = []

    def nodes(self) -> "list[Node]":
        """The machines it found."""
        from pipeline.cluster.session import ray_session
        from pipeline.job.spec import ClusterSpec

        if not self._nodes:
            self._nodes = self._started.enter_context(ray_session(ClusterSpec(), cpus=2))
        return self._nodes

    def end(self) -> None:
        """End it, where it runs."""
        self._nodes = []
        self._started.close()


SHARED_RAY = SharedRay()


@pytest.fixture(scope="module")
def ray_nodes() -> "list[Node]":
    """A running local Ray of two cores, one for all tests; the machines it found."""
    return SHARED_RAY.nodes()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """End the Ray that tests share when no test that comes next asks for it."""
    yield
    if nextitem is None or nextitem.path not in SHARED_RAY.modules:
        SHARED_RAY.end()


def pytest_sessionfinish() -> None:
    """End it also where the tests are interrupted."""
    SHARED_RAY.end()


# Modules whose tests start Ray in processes of their own; others are known by the fixture `ray_nodes`.
STARTS_RAY = {"test_cli_run", "test_frozen", "test_kills", "test_nodes", "test_orphans", "test_resume", "test_session"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, so that `make check` can leave them out; put the longest modules first.

    Processes take modules in this order. A long one that came last would leave the others idle. Those that share Ray
    stand together.
    """
    long: set[Path] = set()
    longest: set[Path] = set()
    for item in items:
        if "ray_nodes" in getattr(item, "fixturenames", ()):
            SHARED_RAY.modules.add(item.path)
        if "ray_nodes" in getattr(item, "fixturenames", ()) or item.path.stem in STARTS_RAY:
            item.add_marker(pytest.mark.ray)
        if "training" in item.path.relative_to(REPOSITORY).parts:
            item.add_marker(pytest.mark.training)
        if item.path.stem in STARTS_RAY:
            longest.add(item.path)
        if item.get_closest_marker("slow"):
            long.add(item.path)
    shared = SHARED_RAY.modules
    groups = (longest - shared, longest & shared, shared, long)
    items.sort(key=lambda item: [item.path not in group for group in groups])  # stable


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, but not in what is there by now."""
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out tests marked `gpu` where there is no CUDA device."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@dataclass(frozen=True)
class ObjectStore:
    """A real S3 server on this machine: its address, and the keys that it asks for."""

    endpoint: str
    key: str = "AKIATESTKEY"
    secret: str = "a/secret+key"

    def bucket(self, name: str) -> str:
        """Make a bucket; the start of URIs in it. Put a path in with `common.storage.join_uri`."""
        options = f"endpoint_override={self.endpoint}&scheme=http&region=us-east-1"
        start = f"s3://{self.key}:{quote(self.secret, safe='')}@{name}"
        files, path = storage.filesystem(f"{start}?{options}&allow_bucket_creation=true")
        files.create_dir(path)
        return f"{start}?{options}"


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """moto's server on a free port of the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None and time.monotonic() < until, "the object store did not start"
            time.sleep(0.1)
        yield ObjectStore(f"127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()
