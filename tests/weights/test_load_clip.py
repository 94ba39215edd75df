"""Finding a CLIP and loading it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from common.errors import CheckpointError, ExtraMissing
from tests.weights.tiny_clip import write_tiny_clip
from weights.find_clip import OTHER_FILES, clip_hash, find_clip
from weights.load_clip import load_clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_clip(tmp_path / "clip")


def test_a_folder_in_the_hubs_format_loads_and_gives_unit_vectors(folder):
    clip = load_clip(folder)
    assert clip.image_size == 32 and clip.most_tokens == 24
    for found in (clip.embed_images(torch.zeros(2, 3, 64, 64)), clip.embed_texts(["a smile", "no smile"])):
        assert found.shape == (2, 8)
        torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    assert not any(parameter.requires_grad for parameter in clip.parameters())


def test_the_registrys_name_means_the_bundled_folder():
    assert find_clip("synthface").name == "clip"
    load_clip("synthface")


def test_weights_saved_by_torch_load_without_executing_anything(folder, tmp_path):
    import pickle

    from safetensors.torch import load_file

    wanted = load_clip(folder).embed_texts(["smile"])
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    torch.testing.assert_close(load_clip(folder).embed_texts(["smile"]), wanted)

    class Hostile:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    with (folder / "pytorch_model.bin").open("wb") as file:
        pickle.dump({"logit_scale": Hostile()}, file, protocol=2)
    with pytest.raises(CheckpointError):
        load_clip(folder)
    torch.save({"logit_scale": Hostile()}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError):
        load_clip(folder)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("missing", [*OTHER_FILES, "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused_with_its_name(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(CheckpointError, match=missing.replace(".", r"\.")):
        find_clip(folder)


def test_another_network_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(CheckpointError, match="expected a CLIP.*found 'bert'"):
        load_clip(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="expected an object, found list"):
        load_clip(folder)


def test_weights_that_lack_a_tensor_are_refused_and_never_filled_at_random(folder):
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    del state["text_projection.weight"]
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match="1 of the network's tensors .* text_projection.weight"):
        load_clip(folder)


@pytest.mark.parametrize("name", ["nothing", "/no/such/folder", "a/b/c", "../up"])
def test_what_is_neither_a_folder_nor_a_name_is_refused(name):
    with pytest.raises(CheckpointError, match="neither a folder nor a known model"):
        find_clip(name)


def test_a_model_without_a_clip_says_which_have_one():
    with pytest.raises(CheckpointError, match='"ffhq-nvidia" has no clip.*synthface'):
        find_clip("ffhq-nvidia")


def test_a_model_of_the_hub_is_taken_from_its_cache_and_never_downloaded(folder, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(CheckpointError, match="hf download openai/clip-vit-base-patch32 .*pytorch_model.bin"):
        find_clip("ffhq")
    snapshot = tmp_path / "hub/models--openai--clip-vit-base-patch32/snapshots/abc"
    shutil.copytree(folder, snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("abc")
    assert find_clip("openai/clip-vit-base-patch32") == find_clip("ffhq") == snapshot


def test_without_transformers_the_command_that_installs_it_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ExtraMissing, match=r"pip install .*\[text\]"):
        load_clip(folder)


def test_the_hash_is_of_everything_that_decides_what_is_seen(folder):
    first = clip_hash(folder)
    assert first == clip_hash(folder)
    (folder / "README.md").write_text("changes nothing")
    assert first == clip_hash(folder)
    (folder / "merges.txt").write_text((folder / "merges.txt").read_text() + "n o\n")
    assert first != clip_hash(folder)


def test_loading_asks_nobody(folder, monkeypatch):
    import socket

    def refused(*arguments, **named):
        raise AssertionError(f"a connection was asked for: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    load_clip(folder).embed_texts(["a smile"])


@pytest.mark.parametrize("name", ["ViT-B/32", "ViT-B-32", "/models/ViT-B-32.pt"])
def test_openais_own_names_lead_to_the_same_network_in_the_hubs_format(name: str) -> None:
    with pytest.raises(CheckpointError, match=r'Give "openai/clip-vit-base-patch32", and get it with "hf download'):
        find_clip(name)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<!doctype html><title>Sign in</title>", "a web page"), (b"version https://git-lfs.github.com/spec/v1", "LFS")],
)
def test_what_stands_for_a_clips_weights_is_named(tmp_path: Path, file: str, content: bytes, said: str) -> None:
    for other in ("config.json", "preprocessor_config.json", "vocab.json", "merges.txt"):
        (tmp_path / other).write_text("{}")
    (tmp_path / file).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{file}: not a checkpoint, but .*{said}"):
        find_clip(tmp_path)
