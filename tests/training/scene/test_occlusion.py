"""Baked ambient occlusion."""

from pathlib import Path

import numpy as np
import pytest

from training.scene.face_model import GUMS_AND_TEETH, load_face_model
from training.scene.occlusion import bake


@pytest.mark.slow
def test_the_occlusion_under_the_stored_renders_is_baked_again(face_model: Path, can_draw: None) -> None:
    file = face_model / "ict_face_q30.npz"
    baked = bake(file)
    given = np.load(face_model / "ao.npy")
    assert baked.dtype == given.dtype
    # A few depth samples at grazing angles turn with the sixteenth bit of the jaw's displacement.
    assert np.abs(baked - given).max() < 0.03
    assert np.abs(baked - given).mean() < 1e-4
    model = load_face_model(file)
    nose_tip, inner_eye = model.landmarks[30], model.landmarks[39]
    assert baked[nose_tip] > 0.85
    assert baked[inner_eye] < baked[nose_tip]
    assert baked[GUMS_AND_TEETH].mean() < 0.5
