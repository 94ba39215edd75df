"""All trainings, in seconds: what comes out fits together."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.training.material import write_renders
from training.train import family
from training.train.family import SHARES, commands
from weights.load_clip import load_clip
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.load_small_networks import load_eye_outlines, load_face_check


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    return write_renders(tmp_path / "renders")


def test_the_time_is_shared_out_and_what_needs_the_generator_comes_after_it() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    made = commands([Path("a"), Path("b")], Path("out"), 20, "cuda", 8, 4)
    assert list(made)[-4:] == ["generator", "finishing", "inverter", "contrastive"]
    assert all(" ".join(command).count("--device cuda --batches 8 --threads 4") == 1 for command in made.values())
    assert "out/bundled/generator.safetensors" in made["inverter"]
    assert made["identity"][-1] == "2.4"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:'training.train:RuntimeWarning")  # other tests have imported some of the trainings
def test_one_command_trains_a_family_that_fits_together(
    renders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in this process: each training in one of its own would import PyTorch and its optimisers again."""

    def run_here(command: list[str], check: bool) -> None:
        python, as_module, name, *options = command
        assert check and (python, as_module) == (sys.executable, "-m")
        monkeypatch.setattr(sys, "argv", [name, *options])
        runpy.run_module(name, run_name="__main__")

    monkeypatch.setattr(family, "subprocess", SimpleNamespace(run=run_here))
    output = tmp_path / "family"
    options = ["--renders", str(renders), "--output", str(output), "--minutes", "0.02"]
    monkeypatch.setattr(sys, "argv", ["family", *options])
    family.main()
    bundled = output / "bundled"
    generator, inverter = (
        load_generator(bundled / "generator.safetensors"),
        load_inverter(bundled / "inverter.safetensors"),
    )
    assert generator.fingerprint == load_generator(output / "finishing/generator.safetensors").fingerprint
    assert inverter.decoder.fingerprint == generator.fingerprint
    assert load_identity(bundled / "identity.safetensors").body_size.stem == 24
    assert not any(value.requires_grad for value in load_face_check(bundled / "face_check.safetensors").parameters())
    assert not any(
        value.requires_grad for value in load_eye_outlines(bundled / "eye_outlines.safetensors").parameters()
    )
    assert load_landmarks(bundled / "landmarks.safetensors").input_size == 128
    assert load_clip(bundled / "clip").image_size == 128
