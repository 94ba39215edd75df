"""Importing: the same network from a file of ours, mapped, that says where it comes from."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from common.errors import CheckpointError
from tests.weights.test_encoder_layouts import ALL, published_file
from weights.import_checkpoint import import_checkpoint
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks, part_of
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IdentityNetwork
from weights.networks.stylegan2 import Generator
from weights.store import sha256


def test_an_imported_generator_is_the_published_one(tmp_path: Path) -> None:
    generator = Generator(16, channels={4: 8, 8: 8, 16: 8})
    published = tmp_path / "stylegan2-ffhq-config-f.pt"
    other = {name: tensor + 1 for name, tensor in generator.state_dict().items()}
    torch.save({"g": other, "d": {}, "g_ema": generator.state_dict(), "latent_avg": torch.ones(512)}, published)
    assert part_of(published) == "generator"
    imported = import_checkpoint(published, tmp_path / "weights")
    assert imported == tmp_path / "weights/stylegan2-ffhq-config-f.safetensors"
    first, second = load_generator(published), load_generator(imported)
    assert first.fingerprint == second.fingerprint
    assert torch.equal(first.latent_avg, second.latent_avg)
    codes = first.map(torch.randn(2, 512), truncation=0.5)
    torch.testing.assert_close(first.synthesize(codes), second.synthesize(codes))
    with safe_open(imported, framework="pt") as file:
        assert file.metadata()["source"] == published.name
        assert file.metadata()["source_sha256"] == sha256(published)


@pytest.mark.parametrize(("kind", "inputs"), ALL)
def test_an_imported_inverter_is_the_published_one_in_one_file(tmp_path: Path, kind: str, inputs: int) -> None:
    path, inverter = published_file(tmp_path, kind, inputs)
    imported = import_checkpoint(path, tmp_path / "elsewhere")
    path.unlink()
    loaded = load_inverter(imported)
    assert loaded.fingerprint == inverter.fingerprint
    images = torch.rand(1, 3, 256, 256) * 2 - 1
    torch.testing.assert_close(loaded.invert(images, 2), inverter.invert(images, 2))


@pytest.mark.slow
def test_identity_and_landmark_networks_are_imported(tmp_path: Path) -> None:
    identity, landmarks = IdentityNetwork().eval(), LandmarkNetwork(stacks=2).eval()
    torch.save(identity.state_dict(), tmp_path / "model_ir_se50.pth")
    torch.save(landmarks.network.state_dict(), tmp_path / "2DFAN2-0123456789.pth.tar")
    imported = import_checkpoint(tmp_path / "model_ir_se50.pth", tmp_path)
    assert load_identity(imported).fingerprint == identity.fingerprint
    with pytest.warns(UserWarning, match="taken for 256 px"):
        imported = import_checkpoint(tmp_path / "2DFAN2-0123456789.pth.tar", tmp_path)
    assert imported.name == "2DFAN2-0123456789.safetensors"
    loaded = load_landmarks(imported)
    assert (loaded.stacks, loaded.input_size) == (2, 256)
    for name, tensor in landmarks.network.state_dict().items():
        assert torch.equal(tensor, loaded.network.state_dict()[name])


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    torch.save({"weights": torch.ones(3)}, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match="expected one of the networks generator, inverter, identity, landmarks"):
        import_checkpoint(tmp_path / "odd.pt", tmp_path)
    torch.save({"g_ema": Generator(8, channels={4: 8, 8: 8}).state_dict()}, tmp_path / "g.pt")
    ours = import_checkpoint(tmp_path / "g.pt", tmp_path)
    with pytest.raises(CheckpointError, match="is a file of our own already"):
        import_checkpoint(ours, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="cannot be written"):
        import_checkpoint(tmp_path / "g.pt", tmp_path / "file")
