"""Reading the face model, and its geometry."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import UserError
from training.scene.face_mesh import face_mesh
from training.scene.face_model import SKIN, VARIABLE, FaceModel, Material, face_model_folder, load_face_model


def test_identity_is_linear(model: FaceModel) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 25))
    both = model.displacement(first + 2 * second)
    np.testing.assert_allclose(both, model.displacement(first) + 2 * model.displacement(second), atol=1e-4)


def test_an_expression_without_a_side_moves_both(model: FaceModel) -> None:
    both = model.deformation({"mouthSmile": 1.0})
    np.testing.assert_allclose(both, model.deformation({"mouthSmile_L": 1.0, "mouthSmile_R": 1.0}))
    corners = both[model.landmarks[[48, 54]]]
    assert (corners[:, 1] > 0.5).all()  # corners of the mouth rise by more than half a centimetre


def test_normals_are_unit_and_point_out_of_the_head(model: FaceModel) -> None:
    sharp, soft = model.normals(model.neutral)
    drawn = np.unique(model.faces[model.visible & (model.faces.max(axis=1) < SKIN.stop)].clip(0))
    for normals in (sharp, soft):
        np.testing.assert_allclose(np.linalg.norm(normals[drawn], axis=1), 1, atol=1e-4)
    assert sharp[model.landmarks[30], 2] > 0.7  # the tip of the nose faces the viewer


def test_a_mesh_has_every_polygon_that_is_drawn_and_no_others(model: FaceModel) -> None:
    mesh = face_mesh(model)
    drawn = model.faces[model.visible]
    assert len(mesh.triangles) == len(drawn) + (drawn[:, 3] >= 0).sum()
    assert set(np.unique(mesh.source)) == set(np.unique(drawn[drawn >= 0]))
    painted = np.isin(mesh.material, [Material.FACE, Material.BACK_OF_HEAD, Material.LASHES])
    assert ((mesh.uv[painted] >= 0) & (mesh.uv[painted] <= 1)).all()
    assert len(mesh.of(Material.LASHES)) > 0
    assert mesh.source[mesh.casting].max() < SKIN.stop


def test_without_a_folder_the_message_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UserError, match=f"--face-model DIR or set {VARIABLE}"):
        face_model_folder()


def test_the_environment_names_a_folder_and_what_is_missing_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match=r"ict_face_q30\.npz is missing"):
        face_model_folder()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"not a model"])
def test_a_file_that_is_no_face_model_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ict_face_q30.npz").write_bytes(content)
    with pytest.raises(UserError, match="is not a face model"):
        load_face_model(tmp_path / "ict_face_q30.npz")
