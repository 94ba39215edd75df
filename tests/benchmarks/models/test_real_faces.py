"""How real images are compared with their inversions."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.models.real_faces import PARTS, compare, main, openness, part_errors, turn_and_nod
from stages.media.decode_image import decode_image
from stages.models import Models, ModelSettings
from stages.picture.head.fit import HeadFit
from weights.load_head import load_head


@pytest.fixture
def points() -> np.ndarray:
    """A face with its eyes' outer corners 2 apart, lids open by 0.1 and lips by 0.2."""
    points = np.random.default_rng(0).uniform(-1, 1, (68, 2))
    eye = np.array([[0.0, 0], [0.2, -0.05], [0.4, -0.05], [0.6, 0], [0.4, 0.05], [0.2, 0.05]])
    points[36:42], points[42:48] = eye - np.array([1.0, 0]), eye + np.array([0.4, 0])
    points[60:68] = [[-0.5, 1], [-0.2, 0.9], [0, 0.9], [0.2, 0.9], [0.5, 1], [0.2, 1.1], [0, 1.1], [-0.2, 1.1]]
    return points


def test_a_part_that_moves_errs_alone(points: np.ndarray) -> None:
    moved = points.copy()
    moved[PARTS["mouth"]] += (0.0, 0.2)
    errors = part_errors(moved, points)
    assert errors["mouth"] == pytest.approx(0.1)
    assert errors["all"] == pytest.approx(0.1 * 20 / 68)
    assert errors["eyes"] == errors["brows"] == errors["jaw"] == 0


@pytest.mark.parametrize("degrees", [0, 30, -100])
def test_lids_and_lips_open_as_far_however_the_face_leans(points: np.ndarray, degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lids, lips = openness(7 * points @ turn.T + 3)
    assert lids == pytest.approx(0.1 / 0.6)
    assert lips == pytest.approx(0.2)


def test_a_head_that_turns_and_nods_is_seen_to() -> None:
    head = load_head()
    people, expressions = np.zeros(len(head.identity)), np.zeros(len(head.expression))
    turned = Rotation.from_euler("YXZ", [20, 8, 0], degrees=True)
    fit = HeadFit(people, expressions, turned.as_rotvec(), 10.0, np.array([128.0, 128.0]))
    landmarks = fit.seen(head.shape(people, expressions))[head.landmarks, :2]
    turn, nod = turn_and_nod(head, landmarks)
    assert turn == pytest.approx(20, abs=4)
    assert nod == pytest.approx(8, abs=4)


@pytest.mark.slow
def test_a_render_and_its_inversion_agree(repository: Path) -> None:
    face = decode_image((repository / "weights/bundled/demo/faces/face_01.jpg").read_bytes())
    found = compare(Models(ModelSettings(device="cpu")), face)
    assert max(found.errors.values()) < 0.06
    np.testing.assert_allclose(found.picture[:2], found.rendering[:2], atol=8)
    assert found.tile.shape == (256, 512, 3)


@pytest.mark.slow
def test_weights_that_are_named_are_printed_beside_the_bundled_ones(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo, weights = repository / "weights/bundled/demo/faces", repository / "weights/bundled"
    (tmp_path / "face.jpg").write_bytes((demo / "face_02.jpg").read_bytes())
    other, sheet = str(weights / "landmarks.safetensors"), tmp_path / "sheet.png"
    monkeypatch.setattr(
        sys, "argv", ["real_faces", str(tmp_path), "--clips", "--landmarks", other, "--sheet", str(sheet)]
    )
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("face", "median"))] == ["face", "median"] * 2
    rows = [line for line in lines if line.startswith("face")]
    assert rows[0] == rows[1]  # the same weights say the same
    assert sheet.is_file()
