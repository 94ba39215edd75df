"""What the tests of the picture's mover share: the bundled head, one face of known shape, and a portrait."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from torch import Tensor

from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.models import Models
from stages.picture.head.canvas import Canvas, canvas_for
from stages.picture.head.figure import Figure, find_figure
from stages.picture.mover import Mover
from tests.stages.picture.made_heads import SIDE, made_fit, made_landmarks
from tests.stages.picture.made_movers import EXTREME, move
from tests.stages.picture.portraits import Portrait, portraits
from weights.load_head import load_head
from weights.networks.head import Head

Value = TypeVar("Value")


class OnDemand(dict[str, Value]):
    """What is made of each demo clip, when a test first asks for it: a mover takes seconds."""

    def __init__(self, make: Callable[[str], Value]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, name: str) -> Value:
        return self.setdefault(name, self.make(name))


@pytest.fixture(scope="session")
def head() -> Head:
    """The bundled one."""
    return load_head()


@pytest.fixture(scope="session")
def figure(head: Head) -> Figure:
    """The mean face, frontal, at rest."""
    return find_figure(head, made_landmarks(head, made_fit(head)))


@pytest.fixture(scope="session")
def canvas(figure: Figure) -> Canvas:
    """Of that face, in a picture of `SIDE` pixels."""
    return canvas_for(figure, SIDE, SIDE)


@pytest.fixture(scope="session")
def portrait(models: Models, repository: Path) -> Portrait:
    file = repository / "weights/bundled/demo/faces/face_01.jpg"
    return portraits(models, [decode_image(file.read_bytes())])[0]


@pytest.fixture(scope="session")
def clips(models: Models, repository: Path) -> dict[str, list[Portrait]]:
    """Of each demo clip the actor at rest and at the extreme."""

    def look(name: str) -> list[Portrait]:
        frames = read_clip(repository / f"weights/bundled/demo/{name}.mp4", 8).frames
        return portraits(models, list(frames[[0, EXTREME]]))

    return OnDemand(look)


@pytest.fixture(scope="session")
def directions(clips: dict[str, list[Portrait]]) -> dict[str, Tensor]:
    """(L, 512) each."""
    return OnDemand(lambda name: clips[name][1].code - clips[name][0].code)


@pytest.fixture(scope="session")
def movers(models: Models, portrait: Portrait, directions: dict[str, Tensor]) -> dict[str, Mover]:
    return OnDemand(lambda name: move(models, portrait, directions[name]))
