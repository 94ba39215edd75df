"""Faces in images, with the bundled landmark network."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from common.errors import FaceTooSmall, NoFace
from stages.faces.detect import Face, FaceFinder, rotate
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.models import Models
from training.scene.animals import beast
from weights.load_networks import load_landmarks
from weights.networks.fan import MIRRORED


@pytest.fixture(scope="module")
def finder(models: Models) -> FaceFinder:
    return models.finder


@pytest.fixture(scope="module")
def portrait(repository: Path) -> np.ndarray:
    return decode_image((repository / "weights/bundled/demo/faces/face_01.jpg").read_bytes())


def test_a_face_is_found_with_eyes_above_mouth_and_inside_its_box(finder: FaceFinder, portrait: np.ndarray) -> None:
    face = finder.find(portrait)
    left, right = face.landmarks[36:42].mean(axis=0), face.landmarks[42:48].mean(axis=0)
    mouth = face.landmarks[48:68].mean(axis=0)
    assert left[0] < mouth[0] < right[0]
    assert max(left[1], right[1]) < mouth[1]
    assert (face.landmarks >= face.box[:2] - 1e-3).all()
    assert (face.landmarks <= face.box[2:] + 1e-3).all()
    assert face.others == 0


def test_landmarks_move_with_the_picture(finder: FaceFinder, portrait: np.ndarray) -> None:
    shifted = np.roll(portrait, (9, -7), axis=(0, 1))
    moved = finder.find(shifted).landmarks - finder.find(portrait).landmarks
    np.testing.assert_allclose(np.median(moved, axis=0), [-7, 9], atol=0.7)


def test_a_larger_copy_has_the_same_landmarks_at_its_size(finder: FaceFinder, portrait: np.ndarray) -> None:
    large = cv2.resize(portrait, None, fx=3.0, fy=3.0, interpolation=cv2.INTER_CUBIC)
    plain, scaled = finder.find(portrait).landmarks, finder.find(large).landmarks / 3
    between_eyes = np.linalg.norm(plain[36] - plain[45])
    assert np.linalg.norm(plain - scaled, axis=1).mean() < 0.03 * between_eyes


def test_of_two_faces_the_larger_comes_first_and_knows_of_the_other(finder: FaceFinder, portrait: np.ndarray) -> None:
    small = cv2.resize(portrait, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    canvas = np.full((portrait.shape[0], portrait.shape[1] + small.shape[1], 3), 128, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    canvas[:, small.shape[1] :] = portrait
    face = finder.find(canvas)
    assert face.others == 1
    assert face.box[0] > small.shape[1]


def test_a_face_is_found_again_where_the_frame_before_showed_it(
    finder: FaceFinder, portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = finder.find_all(portrait)
    moved = np.roll(portrait, (6, -5), axis=(0, 1))
    whole = finder.find(moved)
    monkeypatch.setattr(finder, "_detect", lambda image: pytest.fail("the frame was searched whole"))
    (again,) = finder.find_again(moved, before)
    between_eyes = np.linalg.norm(whole.landmarks[36] - whole.landmarks[45])
    assert np.linalg.norm(again.landmarks - whole.landmarks, axis=1).mean() < 0.01 * between_eyes


def test_later_proposals_are_looked_at_only_where_the_first_show_no_face(
    finder: FaceFinder, portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finder.find(portrait)
    elsewhere, right = np.array([[0.0, 0.0, 20.0, 20.0]]), whole.box[None].astype(np.float64)

    def first_wrong(image: np.ndarray) -> Iterator[np.ndarray]:
        yield elsewhere
        yield right
        pytest.fail("the face was found already")

    monkeypatch.setattr(finder, "_detect", first_wrong)
    between_eyes = np.linalg.norm(whole.landmarks[36] - whole.landmarks[45])
    away = np.linalg.norm(finder.find(portrait).landmarks - whole.landmarks, axis=1)
    assert away.mean() < 0.03 * between_eyes


def test_a_face_that_jumped_or_was_not_there_before_is_searched_for(finder: FaceFinder, portrait: np.ndarray) -> None:
    canvas = np.full((portrait.shape[0], 2 * portrait.shape[1], 3), 128, np.uint8)
    left, right = canvas.copy(), canvas
    left[:, : portrait.shape[1]], right[:, portrait.shape[1] :] = portrait, portrait
    for before in (finder.find_all(left), []):
        (face,) = finder.find_again(right, before)
        assert face.box[0] > portrait.shape[1]


@pytest.mark.parametrize("picture", [np.zeros((64, 64, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8)])
def test_a_picture_of_nothing_has_no_face(finder: FaceFinder, picture: np.ndarray) -> None:
    with pytest.raises(NoFace, match="no face was found"):
        finder.find(picture)


@pytest.mark.slow
def test_noise_has_no_face(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    assert finder.find_all(noise) == []


def test_a_face_of_few_pixels_is_too_small(portrait: np.ndarray) -> None:
    finder = FaceFinder(load_landmarks("synthface"), min_face=400)
    with pytest.raises(FaceTooSmall, match="expected at least 400"):
        finder.find(portrait)


@cache
def face_of(finder: FaceFinder, file: Path) -> Face:
    """The largest face of a file's whole image, looked for once for all tests that ask."""
    return finder.find(decode_image(file.read_bytes()))


def _half(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


@pytest.mark.parametrize(
    "name", ["mona_lisa", "painting_lady_agnew", "painting_pearl_earring", "painting_seated", "van_gogh"]
)
@pytest.mark.slow
def test_painted_portraits_are_found(finder: FaceFinder, shared: Path, name: str) -> None:
    assert face_of(finder, shared / "real/faces" / f"{name}.jpg").confidence > 0.69


@pytest.mark.parametrize("name", ["smile_512p25", "expressions_480p30"])
@pytest.mark.slow
def test_a_filmed_face_is_found_where_it_is(finder: FaceFinder, shared: Path, name: str) -> None:
    found = [finder.find(frame) for frame in read_clip(shared / f"real/clips/{name}.mp4", max_anchors=5).frames]
    assert [face.others for face in found] == [0] * 5
    for face in found:
        left, right, nose, mouth, chin = (
            face.landmarks[part].mean(axis=0)
            for part in (slice(36, 42), slice(42, 48), slice(31, 36), slice(48, 68), slice(7, 10))
        )
        between_eyes = np.linalg.norm(right - left)
        assert left[0] < nose[0] < right[0]
        assert max(left[1], right[1]) < nose[1] < mouth[1] < chin[1]
        assert 0.5 < (mouth[1] - (left[1] + right[1]) / 2) / between_eyes < 1.8
        assert (face.landmarks >= face.box[:2] - 1e-3).all() and (face.landmarks <= face.box[2:] + 1e-3).all()
        assert face.confidence > 0.66
    # From one frame to the next a filmed head moves by less than its eyes are apart.
    noses = np.array([face.landmarks[30] for face in found])
    assert np.linalg.norm(np.diff(noses, axis=0), axis=1).max() < between_eyes


# A smaller copy of each animal and person is turned or mirrored and made grey; both ways see half of them each.
VIEWS = (lambda half: rotate(half, -12.0)[0], lambda half: _grey(half[:, ::-1]))
ANIMALS = ("cat", "dog_no_human_face", "llama", "shiba")


@pytest.mark.parametrize("name", ANIMALS)
@pytest.mark.slow
def test_an_animal_has_no_human_face(finder: FaceFinder, shared: Path, name: str) -> None:
    image = decode_image((shared / "real/faces" / f"{name}.jpg").read_bytes())
    views = [VIEWS[ANIMALS.index(name) % 2](_half(image))]
    if name in ("cat", "shiba"):  # the others `test_rotations.py` looks at whole, whichever way up
        views.append(image)
    for view in views:
        assert finder.find_all(view) == []


@pytest.mark.slow
def test_every_person_is_found_also_smaller_and_leaning_or_mirrored_and_grey(finder: FaceFinder, shared: Path) -> None:
    people = [file for file in sorted((shared / "real/faces").iterdir()) if file.stem not in ANIMALS]
    for number, file in enumerate(people):
        image = decode_image(file.read_bytes())
        face = face_of(finder, file)
        assert finder.find_all(VIEWS[number % 2](_half(image))), file.stem
        inside = (face.landmarks > 0) & (face.landmarks < image.shape[1::-1])
        assert inside.mean() > 0.95


@pytest.mark.parametrize("number", range(1, 25, 6))
@pytest.mark.slow
def test_of_a_face_and_an_animal_drawn_in_its_place_only_the_face_is_found(
    finder: FaceFinder, repository: Path, number: int
) -> None:
    image = decode_image((repository / f"weights/bundled/demo/faces/face_{number:02d}.jpg").read_bytes())
    face = finder.find(image)
    for seed in range(2):
        drawn = beast(image, face.landmarks.astype(float), np.random.default_rng((number, seed)))
        assert finder.find_all(drawn) == []


def test_a_leaning_head_is_found_where_it_is(finder: FaceFinder, portrait: np.ndarray) -> None:
    upright = finder.find(portrait).landmarks
    leaning, matrix = rotate(portrait, 40.0)
    face = finder.find(leaning)
    expected = upright @ matrix[:, :2].T + matrix[:, 2]
    between_eyes = np.linalg.norm(expected[36] - expected[45])
    assert np.linalg.norm(face.landmarks - expected, axis=1).mean() < 0.05 * between_eyes


def test_the_mirrors_order_of_landmarks_is_its_own_inverse_and_keeps_every_feature() -> None:
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(68))
    assert set(MIRRORED[36:42]) == set(range(42, 48))  # one eye becomes the other
    for feature in (range(17), range(27, 36), range(48, 60), range(60, 68)):
        assert set(MIRRORED[list(feature)]) == set(feature)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "motorcycle_left.png"])  # scikit-image comes with them
@pytest.mark.slow
def test_a_cat_a_cup_and_an_engine_have_no_human_face(finder: FaceFinder, name: str) -> None:
    folder = Path(skimage.data.__file__).parent
    assert finder.find_all(decode_image((folder / name).read_bytes())) == []


def test_a_photographed_face_is_found(finder: FaceFinder) -> None:
    astronaut = Path(skimage.data.__file__).parent / "astronaut.png"
    face = finder.find(decode_image(astronaut.read_bytes()))
    np.testing.assert_allclose(face.box, [180, 83, 272, 176], atol=6)
