"""All four trainings, in seconds: what comes out fits together."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from weights import load_generator, load_identity, load_inverter, load_landmarks
from weights.training.family import SHARES, commands
from weights.training.renders import HELD_OUT


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    """As many pictures as a training needs, of nothing."""
    rng, count, folder = np.random.default_rng(0), HELD_OUT + 40, tmp_path / "renders"
    folder.mkdir()
    with tarfile.open(folder / "faces.tar", "w") as archive:
        stored = cv2.imencode(".webp", rng.integers(0, 256, (128, 128, 3), np.uint8))[1].tobytes()
        for number in range(count):
            member = tarfile.TarInfo(f"{number:06d}.webp")
            member.size = len(stored)
            archive.addfile(member, io.BytesIO(stored))
    codes = rng.standard_normal((count, 64)).astype(np.float16)
    landmarks = rng.uniform(30, 98, (count, 68, 2)).astype(np.float32)
    np.savez(folder / "faces.npz", z=codes, lm=landmarks, pose_yaw_pitch_roll=np.zeros((count, 3), np.float32))
    return folder


def test_the_time_is_shared_out_and_the_inverter_comes_last() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    made = commands([Path("a"), Path("b")], Path("out"), 20, "cuda", 8)
    assert list(made)[-2:] == ["generator", "inverter"]
    assert "out/bundled/generator.safetensors" in made["inverter"]
    assert made["identity"][-1] == "2.8"


@pytest.mark.slow
def test_one_command_trains_a_family_that_fits_together(renders: Path, tmp_path: Path, repository: Path) -> None:
    output = tmp_path / "family"
    command = [sys.executable, "-m", "weights.training.family", "--renders", str(renders), "--output", str(output)]
    subprocess.run([*command, "--minutes", "0.02"], cwd=repository, check=True, capture_output=True, timeout=500)
    made = {name: output / f"bundled/{name}.safetensors" for name in SHARES}
    generator, inverter = load_generator(made["generator"]), load_inverter(made["inverter"])
    assert inverter.decoder.fingerprint == generator.fingerprint
    assert load_identity(made["identity"]).body_size.stem == 24
    assert load_landmarks(made["landmarks"]).input_size == 128
