"""What a corpus of faults is: a folder of images, and for each what has to become of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import Reason

DONE = "done"
UNREADABLE, NO_FACE, SMALL = Reason.UNREADABLE_IMAGE, Reason.NO_FACE, Reason.FACE_TOO_SMALL


@dataclass(frozen=True)
class Case:
    """One row of the manifest.

    Attributes:
        id: names the row; says what is odd about its image.
        image: as the manifest has it: a path from the corpus's folder, or a URI.
        expected: "done", or the `Reason`; more than one where each is honest, and `why` says why.
        says: what the sentence of a failed row must contain.
        why: why there is more than one honest outcome.
    """

    id: str
    image: str
    expected: frozenset[str]
    says: str = ""
    why: str = ""


class Corpus:
    """The folder, and the cases so far."""

    def __init__(self, folder: Path, random: np.random.Generator) -> None:
        self.folder, self.random = folder, random
        self.cases: list[Case] = []

    def add(self, id_: str, data: bytes, *expected: str, name: str = "", says: str = "", why: str = "") -> None:
        """A file, called like its id unless it has a name, and its case."""
        path = self.folder / (name or id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.point(id_, name or id_, *expected, says=says, why=why)

    def point(self, id_: str, image: str, *expected: str, says: str = "", why: str = "") -> None:
        """A case whose file is there already, or never will be."""
        assert len(expected) == 1 or why, f"{id_}: more than one outcome needs a reason"
        self.cases.append(Case(id_, image, frozenset(expected), says, why))
