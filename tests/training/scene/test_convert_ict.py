"""Converting the published face model."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import UserError
from training.scene import convert_ict
from training.scene.convert_ict import IDENTITY_MODES, NEUTRAL, convert
from training.scene.face_model import load_face_model

# Two quads and a triangle over six vertices, of two materials.
POLYGONS = "usemtl M_Face\nf 1/1 2/2 3/3 4/4\nusemtl M_Teeth\nf 3/3 4/4 5/5\nusemtl M_Face\nf 1/6 2/2 5/5 6/1\n"


def head(vertices: np.ndarray) -> str:
    """One OBJ file as the published ones are written."""
    lines = ["# ICT FaceKit", *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices)]
    lines += [f"vt 0.{number} 0.5 0.0" for number in range(6)]
    return "\n".join(lines) + "\n" + POLYGONS


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published model of six vertices."""
    monkeypatch.setattr(convert_ict, "VERTICES", 6)
    rng = np.random.default_rng(0)
    neutral = rng.normal(0, 8, (6, 3)).round(6)
    folder = tmp_path / "ICT-FaceKit" / "FaceXModel"
    folder.mkdir(parents=True)
    (folder.parent / "LICENSE").write_text("MIT")
    names = [f"identity{number:03d}" for number in range(IDENTITY_MODES + 3)]
    for scale, name in enumerate([NEUTRAL, *names, "jawOpen", "mouthSmile_L"]):
        (folder / f"{name}.obj").write_text(head(neutral + scale * 0.1 * rng.normal(size=(6, 3)).round(6)))
    return folder


def test_displacements_come_back_to_a_thousandth_of_a_millimetre(published: Path) -> None:
    arrays = convert(published)
    neutral = convert_ict.read_head(published / f"{NEUTRAL}.obj")
    np.testing.assert_allclose(arrays["neutral"], neutral, rtol=1e-6)
    for name, row in (("identity000", 0), (f"identity{IDENTITY_MODES - 1:03d}", IDENTITY_MODES - 1)):
        move = convert_ict.read_head(published / f"{name}.obj") - neutral
        found = arrays["identity_q"][row] * arrays["identity_scale"][row]
        np.testing.assert_allclose(found, move, atol=0.5001 * np.abs(move).max() / 32767)
    assert arrays["identity_q"].shape == (IDENTITY_MODES, 6, 3)
    assert arrays["expression_names"].tolist() == ["jawOpen", "mouthSmile_L"]


def test_polygons_count_from_zero_and_a_triangle_has_no_fourth_corner(published: Path) -> None:
    arrays = convert(published)
    assert arrays["faces"].tolist() == [[0, 1, 2, 3], [2, 3, 4, -1], [0, 1, 4, 5]]
    assert arrays["faces_uv"].tolist() == [[0, 1, 2, 3], [2, 3, 4, -1], [5, 1, 4, 0]]
    assert arrays["materials"][arrays["face_mat"]].tolist() == ["M_Face", "M_Teeth", "M_Face"]
    assert str(arrays["license"]) == "MIT"


def test_a_head_with_another_number_of_vertices_is_named(published: Path) -> None:
    file = published / "jawOpen.obj"
    file.write_text(file.read_text().replace("v ", "# ", 1))
    with pytest.raises(UserError, match=r"jawOpen\.obj is not a head .*: expected 6 vertices, found 5\."):
        convert(published)


def test_a_folder_without_heads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"generic_neutral_mesh\.obj cannot be read"):
        convert(tmp_path)


def test_a_model_without_its_licence_is_refused(published: Path) -> None:
    (published.parent / "LICENSE").unlink()
    with pytest.raises(UserError, match="LICENSE is missing"):
        convert(published)


def test_too_few_modes_are_counted(published: Path) -> None:
    (published / "identity000.obj").unlink()
    for number in range(1, 4):
        (published / f"identity{number:03d}.obj").unlink()
    with pytest.raises(UserError, match=f"expected at least {IDENTITY_MODES} .* found {IDENTITY_MODES - 1} and 2"):
        convert(published)


def test_the_renderer_reads_what_was_written(published: Path, tmp_path: Path, face_model: Path) -> None:
    """A converted file has every array, of the same type, that the face model in use has."""
    arrays = convert(published)
    with np.load(face_model / "ict_face_q30.npz") as given:
        for name in ("neutral", "identity_q", "identity_scale", "expression_q", "faces", "faces_uv", "face_mat", "uv"):
            assert arrays[name].dtype == given[name].dtype, name
            assert arrays[name].ndim == given[name].ndim, name
        assert arrays["landmarks68"].tolist() == given["landmarks68"].tolist()
    assert load_face_model(face_model / "ict_face_q30.npz").landmarks.tolist() == arrays["landmarks68"].tolist()
