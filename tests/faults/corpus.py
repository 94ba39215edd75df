"""Pictures as a large list of faces brings them: whole, odd, broken, hostile, or no images at all.

Everything is made from the bundled demo faces and a seed; nothing binary is kept. `build_corpus` writes the files into
a folder and says of each what has to become of it.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.faults.cases import Case, Corpus
from tests.faults.file_cases import addresses, bombs, cut_short, damaged, names_cases, no_files, other_things
from tests.faults.picture_cases import animations, faces_cases, formats_cases, modes_cases, orientations


def build_corpus(folder: Path, silent_port: int, seed: int = 0) -> list[Case]:
    """Write the corpus into a folder.

    Args:
        folder: an empty one.
        silent_port: of a server on this machine that accepts connections and never answers.
        seed: of noise and of damage.
    """
    corpus = Corpus(folder, np.random.default_rng(seed))
    names_cases(corpus)  # first, for a report has not room for all that fail for one reason
    for part in (
        formats_cases,
        modes_cases,
        orientations,
        animations,
        faces_cases,
        cut_short,
        damaged,
        bombs,
        other_things,
    ):
        part(corpus)
    no_files(corpus)
    addresses(corpus, silent_port)
    return corpus.cases


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that accepts connections and never says a word; its port on this machine."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:  # shut down below
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in taken:
                connection.close()
