"""What the renderer's tests share: the face model, which is not part of the repository, and one renderer."""

from pathlib import Path

import pytest

from common.errors import UserError
from training.scene.face_model import MODEL_FILE, FaceModel, load_face_model
from training.scene.opengl import open_context
from training.scene.renderer import Renderer


@pytest.fixture(scope="session")
def face_model(shared: Path) -> Path:
    """A face model folder."""
    folder = shared / "synthface"
    if not (folder / MODEL_FILE).is_file():
        pytest.skip("no face model in ../shared/synthface")
    return folder


@pytest.fixture(scope="session")
def model(face_model: Path) -> FaceModel:
    """The face model itself."""
    return load_face_model(face_model / MODEL_FILE)


@pytest.fixture(scope="session")
def can_draw() -> None:
    """Skips where there is no OpenGL without a screen."""
    try:
        open_context().release()
    except UserError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def renderer(face_model: Path, can_draw: None) -> Renderer:
    """Draws at 128 px as the networks' training faces were drawn."""
    return Renderer(face_model, 128)
