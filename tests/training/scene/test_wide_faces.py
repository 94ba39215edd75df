"""Faces that go further than the family's codes."""

from pathlib import Path

import numpy as np

from training.scene.face_code import random_code
from training.scene.wide_faces import render_wide, stray_expressions, wide_face
from training.train.renders import load_renders


def test_heads_turn_lids_close_and_mouths_open_further_than_codes_do() -> None:
    faces = [wide_face(random_code(rng), rng) for rng in map(np.random.default_rng, range(300))]
    assert max(abs(face.yaw) for face in faces) > 0.8
    assert max(face.expression.jaw for face in faces) > 1.5
    closed = np.mean([face.expression.blink == 1 for face in faces])
    assert 0.15 < closed < 0.4
    directions = np.array([face.light.direction for face in faces])
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)


def test_the_two_sides_of_a_face_are_unlike_at_times() -> None:
    drawn = [stray_expressions(np.random.default_rng(seed)) for seed in range(50)]
    pairs = [
        (each[f"{name}_L"], each[f"{name}_R"]) for each in drawn for name in ("mouthSmile",) if f"{name}_L" in each
    ]
    assert pairs and all(left != right and min(left, right) >= 0 and max(left, right) <= 0.8 for left, right in pairs)


def test_a_folder_of_wide_renders_can_be_trained_on_and_made_again(
    face_model: Path, can_draw: None, tmp_path: Path
) -> None:
    for name, count in (("a", 3), ("b", 2)):
        render_wide(face_model, count, 5, 96, tmp_path / name)
    first, again = load_renders(tmp_path / "a"), load_renders(tmp_path / "b")
    assert first.images.shape == (3, 96, 96, 3) and first.landmarks.shape == (3, 68, 2)
    np.testing.assert_array_equal(first.landmarks[:2], again.landmarks)
    assert np.abs(first.images[:2].astype(int) - again.images).mean() < 1
    assert first.images.std(axis=(1, 2, 3)).min() > 5
