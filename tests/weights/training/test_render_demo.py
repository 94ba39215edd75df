"""What the repository ships to be tried with, against the renderer that made it."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from stages.ingest import decode_image, read_clip
from weights.training.render_demo import (
    CLIP_SIZE,
    CLIP_ZOOM,
    FACES,
    FPS,
    SMILING,
    TRUTH_FACE,
    face_at_rest,
    person,
    smile_course,
    swaying,
)
from weights.training.renderer import Renderer


def test_the_smile_begins_and_ends_at_rest_and_goes_gently() -> None:
    course = smile_course()
    assert course[0] == course[-1] == 0
    assert course.max() == 1
    assert len(course) == round(2.5 * FPS)
    peak = int(course.argmax())
    assert (np.diff(course[: peak + 1]) >= 0).all()
    assert (np.diff(course[peak:]) <= 0).all()
    assert np.abs(np.diff(course)).max() < 0.08


def test_the_clip_opens_on_a_head_that_has_not_yet_swayed() -> None:
    face = person(SMILING, {})
    assert (swaying(face, 0.0).yaw, swaying(face, 0.0).pitch) == (face.yaw, face.pitch)
    turns = [abs(swaying(face, frame / FPS).yaw - face.yaw) for frame in range(75)]
    assert np.degrees(max(turns)) == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize("number", FACES)
def test_a_demo_face_is_at_rest(number: int) -> None:
    face = face_at_rest(number)
    assert face.expression.smile <= 0.12
    assert face.expression.blink <= 0.08
    assert face.expression.jaw == face.expression.brow == face.expression.pucker == face.expression.sad == 0
    assert abs(face.yaw) <= 0.25


def test_the_people_of_the_demo_are_all_different() -> None:
    assert len({*FACES, SMILING, TRUTH_FACE}) == len(FACES) + 2


def test_the_shipped_manifest_names_faces_that_are_there(repository: Path) -> None:
    table = pq.read_table(repository / "manifests/demo.parquet")
    assert table.column_names == ["id", "image"]
    assert table["id"].to_pylist() == [f"face_{number:02d}" for number in range(1, len(FACES) + 1)]
    for image in table["image"].to_pylist():
        assert decode_image((repository / "manifests" / image).read_bytes()).shape == (320, 320, 3)


def test_the_shipped_truth_has_a_row_for_every_frame(repository: Path) -> None:
    folder = repository / "tests/data/truth"
    with np.load(folder / "truth.npz") as stored:
        truth = dict(stored)
    frames = len(smile_course())
    np.testing.assert_allclose(truth["smile"], smile_course(), atol=1e-6)
    np.testing.assert_allclose(truth["seconds"], np.arange(frames) / FPS, atol=1e-6)
    assert truth["demo_landmarks"].shape == truth["truth_landmarks"].shape == (frames, 68, 2)
    for file in (folder / "smile.mp4", repository / "weights/bundled/demo/smile.mp4"):
        clip = read_clip(file, max_anchors=frames)
        assert clip.frames.shape == (frames, CLIP_SIZE, CLIP_SIZE, 3)
    still = decode_image((folder / "still.png").read_bytes())
    assert still.shape == (CLIP_SIZE, CLIP_SIZE, 3)


def test_what_is_shipped_stays_small(repository: Path) -> None:
    def size(folder: str) -> int:
        return sum(file.stat().st_size for file in (repository / folder).rglob("*") if file.is_file())

    assert size("tests/data/truth") < 1_000_000
    assert size("weights/bundled/demo") < 3_000_000


def test_the_truth_is_what_the_renderer_shows(repository: Path, face_model: Path, can_draw: None) -> None:
    folder = repository / "tests/data/truth"
    renderer = Renderer(face_model, CLIP_SIZE)
    crop = renderer.crop_of(person(TRUTH_FACE, {})).widened(CLIP_ZOOM)
    still = decode_image((folder / "still.png").read_bytes()).astype(int)
    assert np.abs(renderer.render(person(TRUTH_FACE, {}), crop).image - still).mean() < 0.5
    frame = 34
    drawn = renderer.render(person(TRUTH_FACE, {"smile": smile_course()[frame]}), crop)
    np.testing.assert_allclose(np.load(folder / "truth.npz")["truth_landmarks"][frame], drawn.landmarks, atol=1e-3)
    shown = read_clip(folder / "smile.mp4", max_anchors=75).frames[frame]
    assert np.abs(shown.astype(int) - drawn.image).mean() < 4
