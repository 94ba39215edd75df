"""A CLIP's weights in one file, in shards, in half precision: the same network; what is not whole is named."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from common.errors import CheckpointError
from tests.weights.tiny_clip import write_tiny_clip
from weights.clip_files import weight_files
from weights.find_clip import clip_hash, find_clip
from weights.load_clip import load_clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_clip(tmp_path / "clip")


def split(folder: Path) -> list[Path]:
    """Put the weights into two shards and their index."""
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(state)
    parts = {f"model-0000{at}-of-00002.safetensors": names[at - 1 :: 2] for at in (1, 2)}
    for file, held in parts.items():
        save_file({name: state[name] for name in held}, folder / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return [folder / file for file in parts]


def test_shards_are_one_network(folder: Path) -> None:
    wanted, before = load_clip(folder).embed_texts(["smile"]), clip_hash(folder)
    shards = split(folder)
    assert weight_files(folder).paths == (folder / "model.safetensors.index.json", *shards)
    torch.testing.assert_close(load_clip(folder).embed_texts(["smile"]), wanted)
    assert clip_hash(folder) != before
    shards[1].unlink()
    with pytest.raises(CheckpointError, match="1 of 2 shards are missing: model-00002-of-00002.safetensors"):
        find_clip(folder)


def test_half_precision_alone_is_read_in_full(folder: Path) -> None:
    wanted = load_clip(folder).embed_texts(["smile"])
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    save_file(half, folder / "model.fp16.safetensors", {"format": "pt"})
    found = load_clip(folder).embed_texts(["smile"])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    "index", ["[]", "{", '{"weight_map": {}}', '{"weight_map": {"a": "../a"}}', '{"weight_map": 3}']
)
def test_an_index_that_is_none_is_refused(folder: Path, index: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CheckpointError, match="not an index of shards|names no shards"):
        find_clip(folder)
