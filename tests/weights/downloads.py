"""What tests of downloads share: an entry of the registry, another process, what is left."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.errors import CheckpointError
from weights.download import download
from weights.registry import Source
from weights.store import Stored


def wanted(folder: Path, url: str, sha256: str = "", size: int | None = None) -> Stored:
    """An entry as the registry would give it."""
    source = Source("url", url)
    return Stored("faces", "generator", folder / "weights/one.pt", "MIT", str(source), source, size, sha256)


def left(folder: Path) -> list[str]:
    """Files in the weights folder, without the empty ones that locks are held on."""
    return sorted(path.name for path in (folder / "weights").iterdir() if not path.name.endswith(".guard"))


def refusal(stored: Stored) -> str:
    """What is said of a download that has to fail."""
    with pytest.raises(CheckpointError) as told:
        download(stored)
    return str(told.value)


CHILD = """
import sys
from pathlib import Path
from common.errors import CheckpointError
from weights.download import download as fetch
from weights.registry import Source
from weights.store import Stored
{first}
source = Source("url", sys.argv[1])
try:
    print(fetch(Stored("faces", "generator", Path(sys.argv[2]), "MIT", str(source), source)))
except CheckpointError as error:
    print(error)
"""


def start(repository: Path, folder: Path, url: str, first: str = "") -> subprocess.Popen[str]:
    """Another process that fetches the file of the server into the folder, after a line of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(first=first), f"{url}/file", str(folder / "weights/one.pt")],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: object, seconds: float = 60) -> None:
    """Until something is so."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
