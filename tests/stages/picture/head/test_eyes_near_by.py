"""Eyes are found near by where the whole face's landmarks are a little off, and nothing else is touched."""

import numpy as np
import pytest
import torch

from benchmarks.truth.eyes import errors_of
from benchmarks.truth.photographs import load_photographs
from stages.models import Models
from stages.picture.head import eyes_near_by
from stages.picture.head.eye_crops import SIDES
from stages.picture.head.eyes_near_by import SMALLEST, with_eyes_near_by

EYES = [number for side in SIDES for number in side.landmarks]
PEOPLE = (0, 5, 11)


@pytest.fixture(scope="module")
def photographs() -> list[tuple[np.ndarray, np.ndarray]]:
    """Of three people, open-eyed: the image and its true landmarks."""
    data = load_photographs()
    motion = data.motions.index("eyes_closed")
    return [(data.frames(motion, person)[0], data.landmarks[motion, person, 0]) for person in PEOPLE]


def moved(landmarks: np.ndarray, off: tuple[float, float]) -> np.ndarray:
    """Both eyes beside where they are, by shares of their width."""
    beside = landmarks.copy()
    for side in SIDES:
        eye = list(side.landmarks)
        beside[eye] += np.array(off) * np.linalg.norm(landmarks[eye[3]] - landmarks[eye[0]])
    return beside


@pytest.mark.parametrize("off", [(0.0, 0.0), (0.15, 0.08), (-0.12, 0.1), (0.0, -0.15)])
def test_an_eye_is_found_wherever_it_was_thought_to_be(
    models: Models, photographs: list[tuple[np.ndarray, np.ndarray]], off: tuple[float, float]
) -> None:
    for image, true in photographs:
        found = with_eyes_near_by(models.eye_outlines, image, moved(true, off))
        assert max(errors_of(found, true)) < 0.08
        others = np.delete(np.arange(68), EYES)
        np.testing.assert_array_equal(found[others], true[others])


def test_looking_again_finds_an_eye_that_was_far_off(
    models: Models, photographs: list[tuple[np.ndarray, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = []
    for looks in (1, eyes_near_by.LOOKS):
        monkeypatch.setattr(eyes_near_by, "LOOKS", looks)
        found = [
            with_eyes_near_by(models.eye_outlines, image, moved(true, (0.65, 0.35))) for image, true in photographs
        ]
        errors.append(np.mean([errors_of(one, true) for one, (_, true) in zip(found, photographs, strict=True)]))
    assert errors[1] < 0.8 * errors[0]


def test_it_does_not_matter_how_large_the_image_is(
    models: Models, photographs: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    image, true = photographs[0]
    large = np.repeat(np.repeat(image, 4, axis=0), 4, axis=1)
    once, again = (with_eyes_near_by(models.eye_outlines, *seen) for seen in ((image, true), (large, true * 4)))
    assert max(errors_of(again / 4, once)) < 0.03


def test_eyes_too_small_to_look_at_and_eyes_that_nothing_shows_stay(
    models: Models, photographs: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    image, true = photographs[0]
    width = np.linalg.norm(true[39] - true[36])
    small = true * (0.9 * SMALLEST / width)
    np.testing.assert_array_equal(with_eyes_near_by(models.eye_outlines, image, small), small)
    grey = np.full_like(image, 128)
    np.testing.assert_array_equal(with_eyes_near_by(models.eye_outlines, grey, true), true)


def test_an_outline_without_any_width_is_not_believed(
    models: Models, photographs: list[tuple[np.ndarray, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, true = photographs[0]
    flat = torch.tensor([32.0, 32.0, 1.0]).expand(len(SIDES), 6, 3)
    monkeypatch.setattr(models.eye_outlines, "runner", lambda crops: flat)
    np.testing.assert_array_equal(with_eyes_near_by(models.eye_outlines, image, true), true)
