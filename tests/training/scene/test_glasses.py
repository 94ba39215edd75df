"""Spectacles: they fit the head that wears them, and are there or not."""

import numpy as np
import pytest

from training.scene.face_code import face_from_code
from training.scene.face_model import FaceModel
from training.scene.glasses import SIDES, mesh, triangles, wires
from training.scene.renderer import Renderer


def code_with(entry: float) -> np.ndarray:
    code = np.zeros(64)
    code[32] = entry
    return code


def test_a_code_below_the_threshold_wears_none_and_the_wire_grows_from_nothing() -> None:
    wire = [face_from_code(code_with(entry)).glasses.wire for entry in (0.0, 1.1, 1.11, 1.2, 2.0)]
    assert wire[:2] == [0, 0]
    assert 0 < wire[2] < 0.03 < wire[3] < wire[4]


@pytest.mark.parametrize("entry", [1.2, 1.6, 2.5])
@pytest.mark.parametrize("mode", [-2.0, 0.0, 2.0])
def test_rims_stand_before_the_eyes_and_do_not_meet(model: FaceModel, entry: float, mode: float) -> None:
    displacement = model.displacement(np.array([mode, -mode, mode]))
    landmarks = (model.neutral + displacement)[model.landmarks]
    ears = np.array([[-7.7, 4, 1], [7.7, 4, 1]])
    first, second, bridge, *temples = wires(face_from_code(code_with(entry)).glasses, landmarks, ears)
    left, right = sorted((landmarks[36:42], landmarks[42:48]), key=lambda eye: float(eye[:, 0].mean()))
    for rim, eye in ((first, left), (second, right)):
        assert (rim[:, :2].min(axis=0) < eye[:, :2].min(axis=0)).all()
        assert (rim[:, :2].max(axis=0) > eye[:, :2].max(axis=0)).all()
        assert rim[:, 2].min() > eye[:, 2].max()
    assert first[:, 0].max() < second[:, 0].min()
    assert np.abs(bridge[[0, -1], 0] - [first[:, 0].max(), second[:, 0].min()]).max() < 0.3
    for temple, ear in zip(temples, ears, strict=True):
        np.testing.assert_allclose(temple[-1], ear, atol=1e-6)


def test_the_wire_is_a_closed_tube_of_its_radius(model: FaceModel) -> None:
    landmarks = model.neutral[model.landmarks]
    lines = wires(face_from_code(code_with(1.5)).glasses, landmarks, np.array([[-7.7, 4, 1], [7.7, 4, 1]]))
    vertices = mesh(lines, 0.1)
    assert triangles().max() == len(vertices) - 1
    middle = np.concatenate(lines)
    around = vertices.reshape(len(middle), SIDES, 6)
    np.testing.assert_allclose(np.linalg.norm(around[:, :, :3] - middle[:, None], axis=2), 0.1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(around[:, :, 3:], axis=2), 1, atol=1e-5)


def test_spectacles_are_seen_around_the_eyes_alone(renderer: Renderer) -> None:
    bare, worn = (renderer.render(face_from_code(code_with(entry))) for entry in (0.0, 2.0))
    changed = np.abs(bare.image.astype(int) - worn.image).max(axis=2) > 40
    assert changed.sum() > 100
    rows = np.flatnonzero(changed.any(axis=1))
    eyes = bare.landmarks[36:48, 1]
    assert eyes.min() - 15 < rows.min() and rows.max() < eyes.max() + 20
    np.testing.assert_allclose(bare.landmarks, worn.landmarks)
