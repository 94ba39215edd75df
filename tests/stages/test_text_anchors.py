"""Anchors from a prompt, as rows."""

import numpy as np
import pytest
import torch

from stages import text_anchors as module
from stages.anchor_settings import Optimisation
from stages.latent_optimisation import anchor_steps
from stages.model_files import BUNDLED
from stages.models import ModelSettings
from stages.text_anchors import OptimiseTextAnchors, OptimiseTextAnchorsSettings
from tests.weights.tiny_clip import write_tiny_clip
from weights.load_clip import load_clip
from weights.load_networks import load_generator, load_identity

TEXTS = ["a person with no smile", "a person with 50% smile", "a person with 100% smile"]
SHORT = Optimisation(steps=2)


@pytest.mark.slow
def test_the_stage_gives_a_row_for_each_identity_and_says_how_far_it_is(tmp_path):
    clip = str(write_tiny_clip(tmp_path / "clip", image_size=64))
    files = ModelSettings(BUNDLED.model_copy(update={"clip": clip}), device="cpu")
    stage = OptimiseTextAnchors(OptimiseTextAnchorsSettings(files, tuple(TEXTS), SHORT))
    steps, told = stage.steps({"index": 3, "seed": 7}), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            made = end.value
            break
    assert [progress.step for progress in told] == [1, 2] and all(progress.loss > 0 for progress in told)
    assert made["index"] == 3
    assert made["code"].shape == (3, 12, 512) and made["code"].dtype == np.float32
    assert made["rendering"].shape == (3, 128, 128, 3) and made["rendering"].dtype == np.uint8
    assert made["landmarks"].shape == (3, 68, 2)
    assert made["loss"].shape == (2, 3)
    assert not np.array_equal(made["code"], stage.process({"index": 4, "seed": 8})["code"])


@pytest.mark.slow
def test_a_full_memory_makes_smaller_parts(tmp_path, monkeypatch):
    clip = load_clip(write_tiny_clip(tmp_path, image_size=64))
    generator, identity = load_generator("synthface"), load_identity("synthface")
    parts = []

    def crowded(*arguments):
        parts.append(arguments[-1])
        if arguments[-1] > 1:
            raise torch.OutOfMemoryError("too many")
        return (yield from anchor_steps(*arguments))

    monkeypatch.setattr(module, "anchor_steps", crowded)
    stage = OptimiseTextAnchors(OptimiseTextAnchorsSettings(ModelSettings(device="cpu"), tuple(TEXTS), SHORT))
    stage.models.generator, stage.models.clip, stage.models.identity = generator, clip, identity
    assert stage.process({"index": 0, "seed": 1})["code"].shape == (3, 12, 512)
    assert parts == [3, 1]
