"""The verbs of `weights`: files are held to their kind, size and hash, all of them, whatever one of them is."""

import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stages.motion.load_micromotion import load_micromotion
from tests.pipeline.cli.command_line import call
from tests.weights.small import identity_state, saved
from weights import registry, store
from weights.load_networks import load_generator
from weights.networks.stylegan2 import Generator

PAGE = b"<!DOCTYPE html><title>Google Drive - Quota exceeded</title>"
REGISTRY = """
faces:
  about: small
  parts:
    generator:
      file: small.pt
      url: https://example.org/small.pt
      {more}
      licence: MIT
      permits: any use
      citation: a paper
    identity: {{file: ir.pth, url: "https://example.org/ir.pth", licence: MIT, permits: any use, citation: a paper}}
"""


@pytest.fixture()
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    register(monkeypatch, "holds: {resolution: 8}")
    return tmp_path / "weights"


def register(monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    models = registry.read_registry(REGISTRY.format(more=more))
    for room in (registry, store):
        monkeypatch.setattr(room, "registered_models", lambda: models)


def generator(path: Path, resolution: int = 8, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    network = Generator(resolution, channels=dict.fromkeys((4, 8, 16), 8), mapping_layers=1)
    return saved(path, {"g_ema": network.state_dict(), "latent_avg": torch.zeros(512)})


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_imported_checkpoint_is_what_a_models_name_means_from_then_on(folder, tmp_path, monkeypatch, capsys):
    published = generator(tmp_path / "small.pt")
    assert call(monkeypatch, "weights", "import", published) == 0
    made = folder / "small.safetensors"
    assert str(made) in capsys.readouterr().out
    assert load_generator("faces").fingerprint == load_generator(published).fingerprint
    assert "small.safetensors" in (folder / "weights.lock").read_text()
    assert call(monkeypatch, "weights", "import", published) == 0  # the same again replaces nothing
    made.write_bytes(made.read_bytes()[:-4] + bytes(4))
    assert call(monkeypatch, "weights", "verify", "faces") == 2
    assert "Get the file again" in capsys.readouterr().err


def test_import_replaces_nothing_of_another_source(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = generator(tmp_path / "a/model.pt"), generator(tmp_path / "b/model.pth", seed=1)
    assert call(monkeypatch, "weights", "import", first) == 0
    made = sha(folder / "model.safetensors")
    assert call(monkeypatch, "weights", "import", second) == 2
    assert "is there already, made of model.pt, and would be replaced" in capsys.readouterr().err
    assert sha(folder / "model.safetensors") == made
    for name in ("m.pt", "n.pt"):
        torch.save(torch.randn(1, 18, 512), tmp_path / name)
    assert call(monkeypatch, "weights", "import", tmp_path / "m.pt") == 0
    assert call(monkeypatch, "weights", "import", tmp_path / "m.pt") == 0
    (tmp_path / "n.pt").replace(tmp_path / "m.pt")
    assert call(monkeypatch, "weights", "import", tmp_path / "m.pt") == 2


def test_import_does_not_take_a_registered_name_for_another_file(folder, tmp_path, monkeypatch, capsys):
    assert call(monkeypatch, "weights", "import", generator(tmp_path / "small.pth")) == 2
    assert "is looked for, which is made of small.pt. Rename small.pth" in capsys.readouterr().err
    assert call(monkeypatch, "weights", "import", generator(tmp_path / "small.pt", 16)) == 2
    assert "expected resolution 8, found 16" in capsys.readouterr().err
    register(monkeypatch, "size: 3")
    assert call(monkeypatch, "weights", "import", generator(tmp_path / "small.pt")) == 2
    assert "expected 3 bytes as published" in capsys.readouterr().err
    register(monkeypatch, f"sha256: '{'0' * 64}'")
    assert call(monkeypatch, "weights", "import", generator(tmp_path / "small.pt")) == 2
    assert "as published, found sha256:" in capsys.readouterr().err
    assert not list(folder.glob("*.safetensors"))
    assert call(monkeypatch, "weights", "import", tmp_path / "small.pt", "--output", tmp_path / "mine") == 0


def test_an_imported_file_is_of_the_published_source(folder, tmp_path, monkeypatch, capsys):
    register(monkeypatch, "")
    assert call(monkeypatch, "weights", "import", generator(tmp_path / "small.pt")) == 0
    register(monkeypatch, f"sha256: {sha(tmp_path / 'small.pt')}")
    assert call(monkeypatch, "weights", "verify") == 0
    register(monkeypatch, f"sha256: '{'0' * 64}'")
    assert call(monkeypatch, "weights", "verify") == 2
    assert "expected a file made of small.pt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("holds: {resolution: 1024}", "it is looked for as the generator of faces: expected resolution 1024, found 8"),
        ("size: 3", "expected 3 bytes as published"),
        (f"sha256: '{'0' * 64}'", "as published, found sha256:"),
    ],
)
@pytest.mark.parametrize("verb", ["verify", "fetch"])
@pytest.mark.slow
def test_a_wrong_file_under_a_right_name_is_never_good(folder, monkeypatch, capsys, verb, more, said):
    generator(folder / "small.pt")
    saved(folder / "ir.pth", identity_state())
    register(monkeypatch, more)
    assert call(monkeypatch, "weights", verb, "faces") == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "faces generator" not in told.out
    assert (
        "faces identity" in told.out and "good, file hash sha256:" in told.out
    )  # the next file is looked at all the same
    lock = folder / "weights.lock"
    assert not lock.exists() or "small.pt" not in lock.read_text()


@pytest.mark.parametrize("verb", ["verify", "fetch"])
def test_what_is_no_checkpoint_is_named_and_the_others_are_looked_at(folder, monkeypatch, capsys, verb):
    (folder / "small.pt").write_bytes(PAGE)
    (folder / "ir.pth").write_bytes(b"")
    assert call(monkeypatch, "weights", verb, "faces") == 2
    told = capsys.readouterr()
    assert "a web page (Google Drive - Quota exceeded)" in told.err
    assert "an empty file" in told.err
    assert not (folder / "weights.lock").exists()


def test_the_published_file_and_the_imported_one_are_both_looked_at(folder, monkeypatch, capsys):
    assert call(monkeypatch, "weights", "import", generator(folder / "small.pt")) == 0
    assert call(monkeypatch, "weights", "verify") == 0
    told = capsys.readouterr().out
    assert told.count("good, file hash sha256:") == 5
    assert told.count("generator: ") == 2
    assert "synthface head: good" in told and "synthface face_check: good" in told
    (folder / "small.pt").write_bytes(PAGE)
    assert call(monkeypatch, "weights", "verify") == 2
    told = capsys.readouterr()
    assert "small.safetensors good" in told.out and "a web page" in told.err


def test_the_list_of_weights_says_what_is_missing_and_where_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert call(monkeypatch, "weights", "list") == 0
    said = capsys.readouterr().out
    assert "synthface" in said
    assert f"{tmp_path}/model_ir_se50.pth" in said
    assert "missing" in said
    assert "from Google Drive file" in said


def test_damaged_weights_do_not_pass(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    (tmp_path / "stylegan2-ffhq-config-f.pt").write_bytes(b"damaged")
    assert call(monkeypatch, "weights", "verify", "ffhq") == 2
    assert "stylegan2-ffhq-config-f.pt" in capsys.readouterr().err


def test_missing_or_unknown_weights_are_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert call(monkeypatch, "weights", "verify", "ffhq") == 2
    assert "is missing" in capsys.readouterr().err
    assert call(monkeypatch, "weights", "verify", "fhq") == 2
    assert "known are synthface, ffhq" in capsys.readouterr().err


def test_a_published_direction_is_imported_as_a_micromotion(monkeypatch, capsys, tmp_path):
    torch.save(torch.randn(1, 18, 512), tmp_path / "smile.pt")
    assert call(monkeypatch, "weights", "import", tmp_path / "smile.pt", "--output", tmp_path / "made") == 0
    assert load_micromotion(tmp_path / "made/smile.safetensors").direction.shape == (18, 512)
    assert call(monkeypatch, "weights", "import", tmp_path / "gone.pt") == 2
    assert "there is no such file" in capsys.readouterr().err


def test_a_motion_is_imported_without_the_credentials_in_its_source(monkeypatch, tmp_path, a_motion):
    source = "made of s3://KEY:SECRET@bucket/clip.mp4"
    replace(a_motion, source=source).save(tmp_path / "smile.safetensors")
    assert call(monkeypatch, "weights", "import", tmp_path / "smile.safetensors", "--output", tmp_path / "made") == 0
    made = tmp_path / "made/smile.safetensors"
    assert load_micromotion(made).fingerprint == a_motion.fingerprint
    assert b"SECRET" not in made.read_bytes()


def test_fetching_says_the_licence_and_where_to_get_by_hand_what_cannot_be_fetched(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "gdown", None)  # as where it is not installed
    for other in ("model_ir_se50.pth", "2DFAN4-11f355bf06.pth.tar"):  # no test asks the publishers' servers
        (tmp_path / other).touch()
    assert call(monkeypatch, "weights", "fetch", "ffhq") == 2
    said = capsys.readouterr()
    assert "licence, non-commercial" in said.out
    assert "gdown" in said.err
    assert f"put it into {tmp_path}" in said.err
    assert call(monkeypatch, "weights", "fetch", "synthface") == 0
    assert "is here" in capsys.readouterr().out


def test_bundled_weights_are_what_they_have_to_be(monkeypatch, capsys):
    assert call(monkeypatch, "weights", "verify", "synthface") == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        f"synthface {part}"
        for part in ("generator", "inverter", "identity", "landmarks", "clip", "head", "face_check", "eye_outlines")
    ]
    assert all(re.search("good, file(s')? hash sha256:", line) for line in said)
    fingerprint = load_generator("synthface").fingerprint
    assert [line.partition(":")[0] for line in said if f", fingerprint {fingerprint}" in line] == [
        "synthface generator"
    ]
