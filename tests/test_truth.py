"""Against the truth: rendered faces, whose motion is known.

`smile.mp4` shows identity A smiling. `tests/data/truth` holds identity B: a still at rest, and the true landmarks of B
making the same smile at the same times, which no renderer tells the pipeline.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

import micromotion
from stages.faces.align import align_face
from stages.faces.crop_landmarks import interocular, landmarks_in_crops
from stages.invert import invert_crops
from stages.media.decode_image import decode_image
from stages.media.encode import render_frames
from stages.models import Models
from stages.motion.animate import animate
from stages.motion.micromotion import Micromotion
from stages.quality.video import embed_frames

MOUTH = slice(48, 68)


@pytest.fixture(scope="module")
def smile(models: Models, repository: Path) -> Micromotion:
    """What the pipeline extracts from A's clip, as long as the clip shows it."""
    return micromotion.extract_motion(models, repository / "weights/bundled/demo/smile.mp4", max_anchors=24)


def moved(track: np.ndarray) -> np.ndarray:
    """Displacements of the mouth from rest, (F, 20, 2), in shares of the inter-ocular distance, head steadied."""
    steadied = track - track[:, 36:48].mean(axis=1, keepdims=True)
    return (steadied - steadied[0])[:, MOUTH] / interocular(track[0])


@pytest.mark.slow
def test_a_smile_taken_from_one_face_moves_anothers_mouth_as_its_own_smile_would(
    models: Models, smile: Micromotion, repository: Path
) -> None:
    folder = repository / "tests/data/truth"
    true = moved(np.load(folder / "truth.npz")["truth_landmarks"].astype(np.float64))  # (F, 20, 2)
    still = decode_image((folder / "still.png").read_bytes())
    crop = align_face(still, models.finder.find(still).landmarks)
    code = invert_crops(models.inverter, crop[None]).codes[0]
    path = animate(code, smile, frames=len(true), path="replay")
    frames = np.concatenate(list(render_frames(models.generator, path)))
    made = moved(landmarks_in_crops(models.landmarks, frames))  # (F, 20, 2)

    field = true[np.linalg.norm(true, axis=(1, 2)).argmax()]
    true_reach, made_reach = (np.einsum("fpc,pc->f", moves, field) / np.square(field).sum() for moves in (true, made))
    correlation = np.corrcoef(true_reach, made_reach)[0, 1]
    amplitude = made_reach @ true_reach / (true_reach @ true_reach)
    print(f"correlation over time {correlation:.3f}, amplitude {amplitude:.2f} of the true one")
    assert correlation > 0.95
    assert 0.7 < amplitude < 1.25


@pytest.mark.slow
def test_the_extracted_smile_is_low_dimensional_and_runs_from_rest_to_the_smile(
    smile: Micromotion, repository: Path
) -> None:
    assert smile.landmarks is not None
    print(f"the codes show {smile.reach:.2f} of the clip's smile")
    assert 0.75 < smile.reach < 1.1
    truth = np.load(repository / "tests/data/truth/truth.npz")["smile"]
    at = np.linspace(0, len(truth) - 1, len(smile.progress)).round().astype(int)
    assert np.corrcoef(smile.progress.numpy(), truth[at])[0, 1] > 0.9
    assert len(smile.basis) <= 6
    corners = smile.landmarks[:, 54, 0] - smile.landmarks[:, 48, 0]
    assert corners[smile.progress.argmax()] > 1.1 * corners[0]


@pytest.mark.slow
def test_moved_faces_are_nearer_to_themselves_than_to_others(
    models: Models, smile: Micromotion, repository: Path
) -> None:
    faces = sorted((repository / "weights/bundled/demo/faces").glob("*.jpg"))[::2]
    stills = [decode_image(face.read_bytes()) for face in faces]
    crops = np.stack([align_face(still, models.finder.find(still).landmarks) for still in stills])
    codes = invert_crops(models.inverter, crops).codes
    with torch.inference_mode():
        smiling = torch.stack([animate(code, smile, frames=2)[1] for code in codes])
        frames = np.concatenate(list(render_frames(models.generator, smiling)))
        similarity = (embed_frames(models, frames) @ embed_frames(models, crops).T).numpy()
    own, others = np.diag(similarity), similarity[~np.eye(len(faces), dtype=bool)]
    print(f"own {own.mean():.2f}, others {others.mean():.2f}, AUC {(own[:, None] > others).mean():.3f}")
    assert (own[:, None] > others).mean() > 0.8
    assert own.mean() > others.mean() + 0.3
