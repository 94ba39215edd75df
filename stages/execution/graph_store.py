"""Converted graphs on disk, so that one process converts a network and no other does it again.

Graphs stand in `graphs` in the weights folder, or in $MICROMOTION_GRAPHS. A graph's name holds a hash of everything
that it depends on: a change makes a new file, and an old one is never wrong.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
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


def stored_graph(name: str, convert: Callable[[], bytes]) -> np.ndarray:
    """A graph's bytes, (n,) uint8, mapped from its file where there is one.

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
    return np.frombuffer(made, np.uint8)


def _read(path: Path) -> np.ndarray | None:
    """A graph's bytes if the file is there and whole."""
    try:
        content = np.memmap(path, np.uint8, mode="r")
    except (OSError, ValueError):
        return None
    if hashlib.sha256(content[DIGEST:].data).digest() != content[:DIGEST].tobytes():
        return None
    with suppress(OSError):
        os.utime(path)
    return content[DIGEST:]


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
