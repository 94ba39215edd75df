"""The judge of attributes, and what is said of motions from prompts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from benchmarks.models.attributes import FILE, NAMES, Judge, load_judge
from benchmarks.models.text_anchors import CLAIMS, demo_codes, measure_claim
from common.errors import CheckpointError
from stages.faces.align import align_face
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.invert import invert_crops
from stages.media.open_clip import read_clip
from stages.models import Models
from stages.motion.fit import fit_micromotion
from stages.motion.prompts import captions


@pytest.fixture(scope="module")
def judge(models: Models) -> Judge:
    return load_judge(models)


def crops_of(models: Models, clip: Path) -> np.ndarray:
    """A clip at rest, on its way, and at its extreme in the middle, from where it comes back; aligned."""
    frames = read_clip(clip, max_anchors=5).frames[:3]
    return np.stack([align_face(frame, models.finder.find(frame).landmarks) for frame in frames])


@pytest.mark.parametrize(("clip", "attribute"), [("smile", "smile"), ("eyes_closed", "blink"), ("ageing", "age")])
@pytest.mark.slow
def test_the_judge_sees_what_a_clip_shows_grow_and_most_of_all_that(
    models: Models, judge: Judge, repository: Path, clip: str, attribute: str
) -> None:
    read = judge.read(models, crops_of(models, repository / f"weights/bundled/demo/{clip}.mp4"))  # (3, A)
    change = read - read[0]
    asked = NAMES.index(attribute)
    assert 0.2 < change[1, asked] < change[2, asked] and change[2, asked] > 0.8
    assert np.abs(change[2]).argmax() == asked


@pytest.mark.slow
def test_left_is_the_viewers_left(models: Models, judge: Judge, repository: Path) -> None:
    crops = crops_of(models, repository / "weights/bundled/demo/head_turn.mp4")
    read = judge.read(models, crops)
    turn = read[-1, NAMES.index("turn")] - read[0, NAMES.index("turn")]
    points = landmarks_in_crops(models.landmarks, crops)  # (3, 68, 2)
    aside = points[:, 30, 0] - points[:, [0, 16], 0].mean(axis=1)
    assert np.sign(turn) == np.sign(aside[-1] - aside[0]), "turn grows towards the image's right"
    assert CLAIMS["head turn"].sign == -1 and "left" in CLAIMS["head turn"].prompt


def test_a_judge_of_another_inverter_is_refused(models: Models, tmp_path: Path) -> None:
    metadata = {"names": ",".join(NAMES), "inverter": "sha256:other"}
    save_file(load_file(FILE), tmp_path / "judge.safetensors", metadata)
    with pytest.raises(CheckpointError, match=r"expected one fitted to sha256:\w+, found sha256:other"):
        load_judge(models, tmp_path / "judge.safetensors")
    with pytest.raises(CheckpointError, match="is missing"):
        load_judge(models, tmp_path / "none.safetensors")


@pytest.mark.slow
def test_a_smile_that_is_a_smile_keeps_its_claim_and_breaks_anothers(
    models: Models, judge: Judge, repository: Path
) -> None:
    codes = demo_codes(models, 6)
    crops = crops_of(models, repository / "weights/bundled/demo/smile.mp4")
    motion = fit_micromotion(invert_crops(models.inverter, crops).codes)
    found = measure_claim(models, judge, codes, motion, CLAIMS["smile"])
    assert found["right way"] == 1 and found["most"] >= 0.8
    assert found["by"] > found["largest other"] and 0.3 < found["csim"] < 1
    backwards = measure_claim(models, judge, codes, replace(motion, direction=-motion.direction), CLAIMS["smile"])
    assert backwards["right way"] == 0 and backwards["most"] == 0
    assert measure_claim(models, judge, codes, motion, CLAIMS["eyes closed"])["most"] <= 0.2


def test_every_claim_is_a_sentence_that_can_be_used() -> None:
    for claim in CLAIMS.values():
        assert len(captions(claim.prompt)) == 11 and claim.attribute in NAMES
