"""What the tables of `docs/inputs.md` are made of: a kind of file, how to make one, and what has to become of it."""

import subprocess
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import imageio_ffmpeg

from common.errors import MicromotionError

Outcome = Literal["read", "converted", "warned", "refused"]


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: as the table has it.
        make: writes a file of the kind into a folder.
        outcome: `read` as it is, `converted` (or mended) on the way, `warned` of, or `refused` in a sentence.
        right: whether what was read is what had to be.
        says: part of what is said of it; the table has the whole.
    """

    name: str
    make: Callable[[Path], Path]
    outcome: Outcome = "read"
    right: Callable[[Any], bool] = lambda found: True
    says: str = ""


@dataclass(frozen=True)
class Found:
    """What became of one.

    Attributes:
        outcome: as `Kind` has it.
        said: notes, warnings or the refusal, without the file's path; empty where nothing is said.
        right: whether what was read is what had to be.
    """

    outcome: Outcome
    said: str
    right: bool = True


def look(kind: Kind, read: Callable[[Path], tuple[Any, Iterable[str]]], folder: Path) -> Found:
    """Make a file of a kind and read it.

    Args:
        kind: which.
        read: gives what was read, and what is said of it.
        folder: an empty one.
    """
    path = kind.make(folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, notes = read(path)
        except MicromotionError as error:
            return Found("refused", _without(str(error), path))
    said = [*notes, *(str(one.message) for one in caught if one.category is UserWarning)]
    text = "; ".join(_without(one, path) for one in said)
    changed: Outcome = "warned" if kind.outcome == "warned" else "converted"
    outcome: Outcome = changed if text or kind.outcome == "converted" else "read"
    return Found(outcome, text, bool(kind.right(value)))


def _without(text: str, path: Path) -> str:
    """A sentence without where the file is; it begins with the file's name in any case."""
    text = text.replace(f"{path}: ", "", 1).replace(str(path), path.name).replace(f"{path.parent}/", "")
    return text.replace(f'image "{path.name}" ', "", 1).replace(f"{path.name} ", "it ", 1)


def write(name: str, content: bytes) -> Callable[[Path], Path]:
    """A maker of a file with this content."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def ffmpeg(*arguments: object, content: bytes | None = None) -> None:
    """Run the bundled ffmpeg."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, input=content, check=True, capture_output=True)
