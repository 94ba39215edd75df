"""A small CLIP learns what is said of renders."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.material import write_renders
from training.scene.face_code import face_from_code, random_code
from training.train.contrastive import (
    DEVIATION,
    MEAN,
    POSITIONS,
    SHARED,
    contrastive_loss,
    fresh_clip,
    layout,
    read_amounts,
    save_clip,
    train,
    write_tokenizer,
)
from training.train.descriptions import AMOUNTS, DIMENSIONS, describe, sweep
from training.train.renders import load_renders
from training.train.vocabulary import END, START
from weights.load_clip import load_clip

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="prompts need the extra `text`")


@pytest.fixture(scope="module")
def renders(tmp_path_factory) -> Path:
    return write_renders(tmp_path_factory.mktemp("renders"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, renders) -> Path:
    """A tokenizer's files."""
    folder = tmp_path_factory.mktemp("clip")
    write_tokenizer(folder, load_renders(renders))
    return folder


def test_any_text_can_be_read_and_degrees_are_single_digits(folder):
    _, tokenizer = fresh_clip(folder)
    for text in ("a person with 70% smile", "zürich, 100% 微笑 🙂", "don't \\ {}"):
        tokens = tokenizer(text)["input_ids"]
        assert (
            tokenizer.convert_ids_to_tokens(tokens[0]) == START and tokenizer.convert_ids_to_tokens(tokens[-1]) == END
        )
        assert tokenizer.unk_token_id not in tokens[1:-1]
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("70%")["input_ids"])
    assert pieces[1:-1] == ["7</w>", "0</w>", "%</w>"]


def test_the_longest_description_fits(folder):
    _, tokenizer = fresh_clip(folder)
    rng = np.random.default_rng(0)
    texts = [describe(face_from_code(random_code(rng)), rng).text for _ in range(400)]
    texts += [said.text for name, one in AMOUNTS.items() for part in one.templates for said in sweep(name, part)]
    assert max(map(len, tokenizer(texts)["input_ids"])) <= POSITIONS


def test_meanings_keep_their_angles_in_the_shared_space():
    places = layout()
    assert places.shape == (DIMENSIONS, SHARED)
    torch.testing.assert_close(places @ places.T, torch.eye(DIMENSIONS), atol=1e-5, rtol=0)
    torch.testing.assert_close(places, layout())


def test_sentences_that_are_the_same_are_equally_right():
    image = torch.eye(3)[[0, 0, 1]]
    same = contrastive_loss(image, image, torch.tensor(50.0), ["a", "a", "b"])
    other = contrastive_loss(image, image, torch.tensor(50.0), ["a", "c", "b"])
    torch.testing.assert_close(same, other)  # half right each, either way
    crossed = contrastive_loss(image, image[[2, 1, 0]], torch.tensor(50.0), ["a", "a", "b"])
    assert crossed > same + 1


def test_what_is_saved_loads_and_sees_the_same(folder):
    model, tokenizer = fresh_clip(folder)
    save_clip(model, folder)
    clip = load_clip(folder)
    images = torch.rand(2, 3, 128, 128) * 2 - 1
    prepared = (images + 1) / 2
    prepared = (prepared - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]
    wanted = model.visual_projection(model.vision_model(pixel_values=prepared).pooler_output)
    similarity = torch.cosine_similarity(clip.embed_images(images), wanted)
    assert similarity.min() > 0.9999
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size < 8e6
    del tokenizer


def test_a_training_runs_resumes_and_leaves_a_folder_of_the_hub(renders, tmp_path, monkeypatch):
    from training.train import contrastive as module

    monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(module, "POOL", 4)
    monkeypatch.setattr(module, "TEXTS_LEARNT_FROM", 50)
    generator = Path("weights/bundled/generator.safetensors")
    train([renders], generator, tmp_path, 0.08, "cpu")
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    train([renders], None, tmp_path, 0.25, "cpu")
    again = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert again[-1]["step"] > logged[-1]["step"]
    clip = load_clip(tmp_path / "clip")
    images = load_renders(renders).images[:6]
    read = read_amounts(clip, images, np.random.default_rng(0))
    assert read.shape == (6, len(AMOUNTS)) and (read >= 0).all() and (read <= 1).all()
