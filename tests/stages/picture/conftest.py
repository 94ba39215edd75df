"""What the tests of the picture's mover share: the bundled head, and one face of known shape."""

import pytest

from stages.picture.canvas import Canvas, canvas_for
from stages.picture.figure import Figure, find_figure
from tests.stages.picture.made_heads import SIDE, made_fit, made_landmarks
from weights.load_head import load_head
from weights.networks.head import Head


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
