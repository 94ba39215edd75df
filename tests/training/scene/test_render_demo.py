"""What the repository ships to be tried with, against the renderer that made it."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from manifests.schema import read_manifest
from pipeline.job.load import load_job
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from training.scene.face_code import RenderedFace
from training.scene.render_demo import (
    CLIP_SIZE,
    CLIP_ZOOM,
    FACES,
    FPS,
    MOVEMENTS,
    SMILING,
    TRUTH_FACE,
    course_of,
    face_at_rest,
    faces_of,
    person,
    swaying,
    with_every_movement,
)
from training.scene.renderer import Renderer

# What a sway may move beside the motion itself.
SWAY = {"yaw", "pitch", "expression.gaze_x"}
QUANTITY = {"smile": "expression.smile", "eyes_closed": "expression.blink", "head_turn": "yaw", "ageing": "age"}
# What comes with age: hair, skin and brows follow it.
WITH_AGE = {"age", "greyness", "brow_colour", "lip_colour", "skin.", "hair."}


def quantities(face: RenderedFace) -> dict[str, np.ndarray]:
    """Every number of a face under its name, those of its parts as `part.name`."""
    flat: dict[str, np.ndarray] = {}
    for name, value in asdict(face).items():
        parts = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{part}" if part else name: np.asarray(own, float) for part, own in parts.items()}
    return flat


@pytest.mark.parametrize("name", MOVEMENTS)
def test_a_movement_begins_and_ends_at_rest_and_goes_gently(name: str) -> None:
    course = course_of(MOVEMENTS[name])
    assert course[0] == course[-1] == 0
    assert course.max() == 1
    peak = int(course.argmax())
    assert (np.diff(course[: peak + 1]) >= 0).all()
    assert (np.diff(course[peak:]) <= 0).all()
    assert np.abs(np.diff(course)).max() < 0.08


def test_the_smile_takes_two_and_a_half_seconds() -> None:
    assert len(course_of(MOVEMENTS["smile"])) == round(2.5 * FPS)


@pytest.mark.parametrize("name", MOVEMENTS)
def test_one_quantity_of_a_clip_follows_its_course_from_rest_to_the_extreme(name: str) -> None:
    movement = MOVEMENTS[name]
    values = np.array([quantities(face)[QUANTITY[name]] for face in faces_of(name)])
    expected = movement.rest + course_of(movement) * (movement.extreme - movement.rest)
    np.testing.assert_allclose(values, expected, atol=1e-12)


@pytest.mark.parametrize("name", MOVEMENTS)
def test_nothing_else_of_a_clip_changes_but_the_sway_and_what_comes_with_age(name: str) -> None:
    frames = [quantities(face) for face in faces_of(name)]
    changing = {key for key in frames[0] if any((frame[key] != frames[0][key]).any() for frame in frames)}
    allowed = {QUANTITY[name]} | (SWAY if MOVEMENTS[name].sways else set())
    if name == "ageing":
        allowed |= {key for key in changing if any(key.startswith(start) for start in WITH_AGE)}
        assert {"greyness", "age"} <= changing
    assert QUANTITY[name] in changing
    assert changing <= allowed


@pytest.mark.parametrize("name", sorted(set(MOVEMENTS) - {"head_turn"}))
def test_all_clips_but_the_head_turn_face_the_camera(name: str) -> None:
    assert max(abs(np.degrees(face.yaw)) for face in faces_of(name)) < 1.25


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
    moving = {movement.person for movement in MOVEMENTS.values()}
    assert len(moving) == len(MOVEMENTS)
    assert len({*FACES, *moving, TRUTH_FACE}) == len(FACES) + len(moving) + 1


def test_the_shipped_manifest_names_faces_that_are_there(repository: Path) -> None:
    table = pq.read_table(repository / "manifests/demo.parquet")
    assert table.column_names == ["id", "image"]
    assert table["id"].to_pylist() == [f"face_{number:02d}" for number in range(1, len(FACES) + 1)]
    for image in table["image"].to_pylist():
        assert decode_image((repository / "manifests" / image).read_bytes()).shape == (320, 320, 3)


def test_the_manifest_of_all_movements_has_each_face_once_with_each_and_only_with_those_of_the_job(
    repository: Path,
) -> None:
    job = load_job(repository / "jobs/demo_all.yaml")
    manifest = read_manifest(job.manifest)
    manifest.check_motions(job.motion)
    faces = pq.read_table(repository / "manifests/demo.parquet")
    rows = manifest.table.to_pylist()
    assert rows == with_every_movement(faces).to_pylist()
    assert Counter((row["image"], row["motion"]) for row in rows) == Counter(
        (image, name) for image in faces["image"].to_pylist() for name in job.motion
    )
    assert rows[0]["id"] == "face_01-smile"


def test_the_job_of_all_movements_takes_each_from_its_own_clip(repository: Path) -> None:
    job = load_job(repository / "jobs/demo_all.yaml")
    assert list(job.motion) == list(MOVEMENTS)
    for name, motion in job.motion.items():
        assert motion.clip is not None
        clip = read_clip(Path(motion.clip), max_anchors=200)
        assert Path(motion.clip).stem == name
        assert clip.frames.shape == (len(course_of(MOVEMENTS[name])), CLIP_SIZE, CLIP_SIZE, 3)


def test_the_shipped_truth_has_a_row_for_every_frame(repository: Path) -> None:
    folder = repository / "tests/data/truth"
    with np.load(folder / "truth.npz") as stored:
        truth = dict(stored)
    frames = len(course_of(MOVEMENTS["smile"]))
    np.testing.assert_allclose(truth["smile"], course_of(MOVEMENTS["smile"]), atol=1e-6)
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
    drawn = renderer.render(person(TRUTH_FACE, {"smile": course_of(MOVEMENTS["smile"])[frame]}), crop)
    np.testing.assert_allclose(np.load(folder / "truth.npz")["truth_landmarks"][frame], drawn.landmarks, atol=1e-3)
    shown = read_clip(folder / "smile.mp4", max_anchors=75).frames[frame]
    assert np.abs(shown.astype(int) - drawn.image).mean() < 4
