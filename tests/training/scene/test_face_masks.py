"""The painted masks."""

from pathlib import Path

import numpy as np
import pytest

from training.scene.face_masks import paint
from training.scene.face_model import FaceModel
from training.scene.painting import Canvas


@pytest.fixture(scope="module")
def masks(model: FaceModel) -> dict[str, np.ndarray]:
    return paint(model)


@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_the_masks_under_the_stored_renders_are_painted_again(
    masks: dict[str, np.ndarray], face_model: Path, name: str
) -> None:
    with np.load(face_model / "masks.npz") as given:
        difference = np.abs(masks[name].astype(int) - given[name])
    assert difference.max() <= 1


def test_each_mask_lies_where_it_belongs(masks: dict[str, np.ndarray], model: FaceModel) -> None:
    canvas = Canvas(model)

    def at(name: str, channel: int, x: float, y: float) -> int:
        column, row = canvas.at(x, y).astype(int)
        return int(masks[name][row, column, channel])

    mouth_y = model.neutral[model.landmarks[57], 1]
    assert at("A", 0, 0, mouth_y) > 200  # lips on the lower lip
    assert at("A", 0, 0, 9) == 0  # and none on the forehead
    assert at("A", 3, 0, -7) > 150  # beard on the chin
    assert at("A", 3, 4, 1) == 0  # and none under the eye
    assert at("A", 2, 5.2, -0.3) > at("A", 2, 0, 8)  # cheeks are redder than the forehead
