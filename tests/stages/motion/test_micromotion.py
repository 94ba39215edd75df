import math
from dataclasses import replace

import pytest
import torch

from common.errors import MotionFileError, MotionMismatch
from stages.motion.load_micromotion import load_micromotion


def test_a_file_gives_back_what_was_saved(motion, tmp_path):
    motion.save(tmp_path / "smile.safetensors")
    loaded = load_micromotion(tmp_path / "smile.safetensors")
    for name in ("direction", "basis", "coefficients", "neutral", "landmarks", "times"):
        assert torch.equal(getattr(loaded, name), getattr(motion, name))
    for name in ("source", "generator", "explained", "fps", "stray", "reach", "tone_share", "fingerprint"):
        assert getattr(loaded, name) == getattr(motion, name)
    assert [path.name for path in tmp_path.iterdir()] == ["smile.safetensors"]


def test_a_motion_without_landmarks_is_saved_without_them(motion, tmp_path):
    replace(motion, landmarks=None, reach=math.nan, tone_share=math.nan).save(tmp_path / "smile.safetensors")
    loaded = load_micromotion(tmp_path / "smile.safetensors")
    assert loaded.landmarks is None and math.isnan(loaded.reach) and math.isnan(loaded.tone_share)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.inf])
def test_a_share_of_the_tones_beyond_all_of_them_is_refused(motion, share):
    with pytest.raises(ValueError, match='"tone_share" must be 0 to 1'):
        replace(motion, tone_share=share)


@pytest.mark.parametrize("times", [torch.zeros(9), torch.arange(8.0), torch.tensor([0.0, 1, 2, 3, 4, 5, 6, 8, 7])])
def test_times_that_do_not_rise_are_refused(motion, times):
    with pytest.raises(ValueError, match=r'"times" must be \(9,\) and rise'):
        replace(motion, times=times)


def test_a_file_that_stood_there_is_replaced_whole(motion, tmp_path):
    path = tmp_path / "smile.safetensors"
    path.write_bytes(b"x" * 1_000_000)
    motion.save(path)
    assert load_micromotion(path).fingerprint == motion.fingerprint


def test_a_folder_that_is_missing_is_named(motion, tmp_path):
    with pytest.raises(MotionFileError, match="nowhere/smile.safetensors: cannot be written: No such file"):
        motion.save(tmp_path / "nowhere" / "smile.safetensors")


def test_the_fingerprint_follows_the_motion_and_not_its_origin(motion):
    assert motion.fingerprint.startswith("sha256:")
    assert replace(motion, source="another").fingerprint == motion.fingerprint
    assert replace(motion, landmarks=motion.landmarks + 0.01).fingerprint != motion.fingerprint, "images follow them"
    assert replace(motion, tone_share=0.5).fingerprint != motion.fingerprint
    assert replace(motion, direction=motion.direction * 1.01).fingerprint != motion.fingerprint
    assert replace(motion, generator="sha256:other").fingerprint != motion.fingerprint


def test_a_motion_is_printed_in_one_line(motion):
    assert repr(motion) == "Micromotion(9 anchors, 2 directions in 6 layers, 'sha256:clip')"


def test_progress_is_one_at_the_extreme(motion):
    assert motion.progress.shape == (9,)
    assert motion.progress[4] == pytest.approx(1)


def test_another_generator_is_refused_with_both_named(motion):
    motion.check("sha256:generator", 6)
    with pytest.raises(
        MotionMismatch, match="sha256:clip.*expected a generator with fingerprint sha256:other.*sha256:generator"
    ):
        motion.check("sha256:other", 6)
    with pytest.raises(MotionMismatch, match="expected 18 layers, found 6"):
        motion.check("sha256:generator", 18)


def test_a_motion_of_an_unknown_generator_fits_by_its_layers(motion):
    unknown = replace(motion, generator="")
    unknown.check("sha256:any", 6)
    with pytest.raises(MotionMismatch):
        unknown.check("sha256:any", 12)
