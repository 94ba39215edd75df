"""Rendering the training faces, and going on after an interruption."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import OutputError
from training.scene import render_faces as module
from training.scene.face_code import MOMENT, face_from_code
from training.scene.render_faces import Settings, render_faces, stored_code
from training.scene.renderer import Renderer
from training.train.renders import load_renders

SETTINGS = Settings(count=5, first=0, seed=7, size=32)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 2)


@pytest.fixture(scope="module")
def whole(face_model: Path, can_draw: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five faces, rendered without interruption."""
    output = tmp_path_factory.mktemp("whole")
    render_faces(face_model, SETTINGS, output)
    return output


def contents(folder: Path) -> tuple[list[str], list[bytes], dict[str, np.ndarray]]:
    with tarfile.open(folder / "faces.tar") as archive:
        members = archive.getmembers()
        pictures = [archive.extractfile(member).read() for member in members]  # type: ignore[union-attr]
    with np.load(folder / "faces.npz") as truth:
        return [member.name for member in members], pictures, dict(truth)


def test_what_is_written_is_what_training_reads(whole: Path, face_model: Path) -> None:
    renders = load_renders(whole)
    assert len(renders) == 5
    assert sorted(path.name for path in whole.iterdir()) == ["faces.npz", "faces.tar", "settings.json"]
    third = Renderer(face_model, 32).render(face_from_code(stored_code(7, 2).astype(float)))
    np.testing.assert_array_equal(renders.codes[2], stored_code(7, 2))
    np.testing.assert_allclose(renders.landmarks[2], third.landmarks, atol=1e-3)
    assert np.abs(renders.images[2].astype(int) - third.image).mean() < 4


def test_a_run_that_was_killed_goes_on_and_ends_the_same(
    whole: Path, face_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    real = module.render_part

    def dies_in_the_second_part(renderer: Renderer, seed: int, numbers: range, *rest: Any) -> dict[str, np.ndarray]:
        if numbers.start == 2:
            raise KeyboardInterrupt
        return real(renderer, seed, numbers, *rest)

    def notes(renderer: Renderer, seed: int, numbers: range, *rest: Any) -> dict[str, np.ndarray]:
        rendered.extend(numbers)
        return real(renderer, seed, numbers, *rest)

    monkeypatch.setattr(module, "render_part", dies_in_the_second_part)
    with pytest.raises(KeyboardInterrupt):
        render_faces(face_model, SETTINGS, tmp_path)
    assert not (tmp_path / "faces.npz").exists()
    monkeypatch.setattr(module, "render_part", notes)
    render_faces(face_model, SETTINGS, tmp_path)
    assert rendered == [2, 3, 4]  # what was done stayed done
    names, pictures, truth = contents(tmp_path)
    expected_names, expected_pictures, expected_truth = contents(whole)
    assert names == expected_names == [f"{number:06d}.webp" for number in range(5)]
    assert pictures == expected_pictures
    for name, values in expected_truth.items():
        np.testing.assert_array_equal(truth[name], values)


def test_another_share_of_a_seed_continues_the_first(whole: Path, face_model: Path, tmp_path: Path) -> None:
    render_faces(face_model, Settings(count=2, first=3, seed=7, size=32), tmp_path)
    np.testing.assert_array_equal(contents(tmp_path)[2]["z"], contents(whole)[2]["z"][3:])
    assert contents(tmp_path)[1] == contents(whole)[1][3:]


def test_a_finished_folder_is_left_alone(whole: Path, face_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (whole / "faces.tar").stat().st_mtime_ns
    monkeypatch.setattr(module, "Renderer", None)  # would fail if it were made
    render_faces(face_model, SETTINGS, whole)
    assert (whole / "faces.tar").stat().st_mtime_ns == before


def test_a_folder_of_other_renders_is_refused(face_model: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"count": 9, "first": 0, "seed": 7, "size": 32}))
    with pytest.raises(OutputError, match=r"expected .*'count': 5.* found .*'count': 9"):
        render_faces(face_model, SETTINGS, tmp_path)


def test_renders_of_unknown_making_are_not_taken_for_the_ones_asked_for(face_model: Path, tmp_path: Path) -> None:
    (tmp_path / "faces.npz").write_bytes(b"")
    with pytest.raises(OutputError, match=r"renders of unknown making \(faces\.npz\)"):
        render_faces(face_model, SETTINGS, tmp_path)


def test_views_of_a_person_differ_in_the_moment_alone() -> None:
    first, second, another = (stored_code(7, number, views=2) for number in (4, 5, 6))
    np.testing.assert_array_equal(first, stored_code(7, 4))
    changed = np.flatnonzero(first != second)
    assert set(changed) == set(MOMENT)
    assert not np.isin(np.flatnonzero(first == another), np.arange(25)).any()
