"""Converted graphs on disk, so that one process converts a network and no other does it again.

Graphs stand in `graphs` in the weights folder, or in $MICROMOTION_GRAPHS. A graph's name holds a hash of everything
that it depends on: a change makes a new file, and an old one is never wrong.
"""

import hashlib
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from common.atomic_files import discard, put_in_place
from weights.store import weights_folder

MOST_GRAPHS = 48  # those used last are kept
PATIENCE = 900.0  # seconds that another process may take to convert
DIGEST = hashlib.sha256().digest_size


def graphs_folder() -> Path:
    """Where converted graphs are kept on this machine."""
    if chosen := os.environ.get("MICROMOTION_GRAPHS"):
        return Path(chosen).expanduser()
    return weights_folder() / "graphs"


@dataclass(frozen=True, eq=False)
class StoredGraph:
    """Attributes:
    content: (n,) uint8, to be kept as long as what is compiled of it: a runtime may read weights where they are.
    file: what `content` is mapped from; None where it is in memory alone.
    """

    content: np.ndarray
    file: mmap.mmap | None = None

    def release(self) -> None:
        """Let go of the pages that were read; what is read again comes from the file anew."""
        if self.file is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.file.madvise(mmap.MADV_DONTNEED)


def stored_graph(name: str, convert: Callable[[], bytes]) -> StoredGraph:
    """A graph, mapped from its file where there is one.

    Processes that ask for the same graph at once convert it once. Where the folder cannot be written, each converts
    for itself.

    Args:
        name: the graph's file name; what has the same name has the same contents.
        convert: makes the graph.
    """
    path = graphs_folder() / name
    if (graph := _read(path)) is not None:
        return graph
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{name}.guard"), timeout=PATIENCE):
            if (graph := _read(path)) is not None:
                return graph
            made = convert()
            _write(path, made)
            _remove_oldest(path.parent)
    except (OSError, Timeout):
        made = convert()
    return StoredGraph(np.frombuffer(bytearray(made), np.uint8))


def _read(path: Path) -> StoredGraph | None:
    """A graph if the file is there and whole; in memory that may be written, as a runtime asks, and no file is."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return None
    content = np.frombuffer(mapped, np.uint8)
    if hashlib.sha256(content[DIGEST:].data).digest() != content[:DIGEST].tobytes():
        return None
    with suppress(OSError):
        os.utime(path)
    return StoredGraph(content[DIGEST:], mapped)


def _write(path: Path, graph: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(hashlib.sha256(graph).digest() + graph)
        put_in_place(temporary, path)
    except BaseException:
        discard(temporary)
        raise


def _remove_oldest(folder: Path) -> None:
    """Keep the graphs that were used last; a file that another process has open stays readable to it."""
    with suppress(OSError):
        graphs = sorted(folder.glob("*.graph"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in graphs[MOST_GRAPHS:]:
            discard(path)
            discard(path.with_name(f".{path.name}.guard"))
