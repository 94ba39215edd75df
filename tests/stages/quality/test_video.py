"""One video's figures, with images whose answer is known."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.faces.align import align_face
from stages.faces.crop_landmarks import interocular, landmarks_in_crops
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.models import Models, images_to_tensor, tensor_to_images
from stages.motion.micromotion import Micromotion
from stages.quality.video import describe_breakdown, embed_frames, measure_video


@pytest.fixture(scope="module")
def smiling(models: Models, repository: Path) -> np.ndarray:
    """The truth clip's first half, rest to full smile, cropped as its first frame is: (F, 256, 256, 3)."""
    clip = read_clip(repository / "tests/data/truth/smile.mp4", max_anchors=16)
    landmarks = models.finder.find(clip.frames[0]).landmarks
    return np.stack([align_face(frame, landmarks) for frame in clip.frames[:9]])


def motion_of(landmarks: np.ndarray) -> Micromotion:
    """A motion along one direction whose anchors have these landmarks, evenly from rest to the extreme."""
    direction = torch.zeros(12, 512)
    direction[0, 0] = 1.0
    reach = torch.linspace(0, 1, len(landmarks))[:, None]
    return Micromotion(direction, direction[None], reach, direction * 0, "test", "", 1.0, 0.0, torch.tensor(landmarks))


@pytest.mark.slow
def test_a_video_that_shows_the_anchors_themselves_moves_as_they_do(models: Models, smiling: np.ndarray) -> None:
    landmarks = landmarks_in_crops(models.landmarks, smiling)
    reach = np.linalg.norm(landmarks - landmarks[0], axis=(1, 2))
    quality = measure_video(models, motion_of(landmarks), smiling[0], smiling, reach / reach.max())
    assert quality.motion_correlation > 0.95
    assert 0.8 < quality.motion_amplitude < 1.3
    assert quality.csim_mean > 0.8


@pytest.mark.slow
def test_a_motion_that_was_asked_is_found_in_the_frames(models: Models, smiling: np.ndarray) -> None:
    asked = landmarks_in_crops(models.landmarks, smiling).astype(np.float64)
    motion, progress = motion_of(asked.astype(np.float32)), np.linspace(0, 1, len(smiling))
    found = measure_video(models, motion, smiling[0], smiling, progress, asked)
    assert found.motion_found == pytest.approx(1, abs=1e-3)
    twice = measure_video(models, motion, smiling[0], smiling, progress, asked[0] + 2 * (asked - asked[0]))
    assert twice.motion_found == pytest.approx(0.5, abs=1e-3)
    still = measure_video(models, motion, smiling[0], smiling, progress, asked[:1].repeat(len(smiling), axis=0))
    assert np.isnan(still.motion_found)


def test_a_video_that_stands_still_has_no_amplitude_and_is_itself(models: Models, smiling: np.ndarray) -> None:
    landmarks = landmarks_in_crops(models.landmarks, smiling)
    still = smiling[:1].repeat(6, axis=0)
    quality = measure_video(models, motion_of(landmarks), smiling[0], still, np.linspace(0, 1, 6))
    assert abs(quality.motion_amplitude) < 0.05
    assert quality.csim_min > 0.99
    assert quality.jitter < 1e-3


def test_without_the_anchors_landmarks_only_what_needs_them_is_missing(models: Models, smiling: np.ndarray) -> None:
    direction = torch.ones(12, 512)
    motion = Micromotion(direction, direction[None], torch.tensor([[0.0], [1.0]]), direction, "test", "", 1.0, 0.0)
    quality = measure_video(models, motion, smiling[0], smiling, np.linspace(0, 1, len(smiling)))
    assert np.isnan([quality.motion_correlation, quality.motion_amplitude, quality.akd]).all()
    assert quality.csim_mean > 0.5


def test_embeddings_do_not_depend_on_the_batch(models: Models, smiling: np.ndarray) -> None:
    together = embed_frames(models, smiling[:3], batch=3)
    alone = embed_frames(models, smiling[:3], batch=1)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-3)


def test_landmarks_of_an_aligned_face_are_those_found_in_the_whole_picture(models: Models, repository: Path) -> None:
    still = decode_image((repository / "tests/data/truth/still.png").read_bytes())
    crop = align_face(still, models.finder.find(still).landmarks)
    inside = landmarks_in_crops(models.landmarks, crop[None])[0] * 256
    found = models.finder.find(crop).landmarks
    assert np.linalg.norm(inside - found, axis=1).mean() < 0.03 * interocular(found)


def test_pictures_survive_the_way_through_tensors() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    np.testing.assert_array_equal(tensor_to_images(images_to_tensor(images, "cpu")).numpy(), images)


@pytest.mark.parametrize(
    ("strength", "drawn"), [(0.5, True), (1.0, True), (-1.5, True), (2.0, True), (50.0, False), (1e6, False)]
)
@pytest.mark.slow
def test_frames_that_the_generator_can_no_longer_draw_are_told(models: Models, strength: float, drawn: bool) -> None:
    seeds = torch.Generator().manual_seed(5)
    face, other = models.generator.map(torch.randn(2, 512, generator=seeds), truncation=0.6)  # (L, 512) each
    reach = torch.linspace(0, strength, 4)[:, None, None]
    frames = tensor_to_images(models.generator.synthesize(face + reach * 0.35 * (other - face))).numpy()
    motion = Micromotion(face, face[None], torch.tensor([[0.0], [1.0]]), face * 0, "test", "", 1.0, 0.0)
    quality = measure_video(models, motion, frames[0], frames, np.linspace(0, 1, 4))
    said = describe_breakdown(quality.clearness_min, quality.csim_min, strength)
    assert (quality.clearness_min > 0.95) == drawn
    assert bool(said) != drawn
    assert drawn or f"Lower the strength, which is {strength:g}." in said


def test_frames_that_come_again_count_as_often_as_they_are_shown(models: Models, smiling: np.ndarray) -> None:
    motion = motion_of(np.random.default_rng(0).random((3, 68, 2)).astype(np.float32))
    shown = np.array([0, 1, 2, 2, 1, 0])
    progress = shown / 2
    whole = measure_video(models, motion, smiling[0], smiling[shown], progress)
    once = measure_video(models, motion, smiling[0], smiling[:3], progress, shown=shown)
    assert dataclasses.asdict(once) == pytest.approx(dataclasses.asdict(whole), rel=1e-3, abs=1e-5, nan_ok=True)
