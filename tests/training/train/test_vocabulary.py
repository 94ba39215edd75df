"""A small tokenizer in CLIP's format."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from training.train.vocabulary import END, START, learn_merges, write_vocabulary

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="prompts need the extra `text`")
TEXTS = ["a person with a broad smile"] * 20 + ["a person with closed eyes"] * 10


def test_frequent_words_become_one_symbol_and_the_files_are_openais(tmp_path: Path) -> None:
    merges = learn_merges(TEXTS)
    write_vocabulary(tmp_path, merges)
    vocabulary = json.loads((tmp_path / "vocab.json").read_text())
    assert "person</w>" in vocabulary and "smile</w>" in vocabulary
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert vocabulary[START] == len(vocabulary) - 2 and vocabulary[END] == len(vocabulary) - 1
    assert (tmp_path / "merges.txt").read_text().splitlines()[0].startswith("#version")


def test_transformers_reads_what_is_written(tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    write_vocabulary(tmp_path, learn_merges(TEXTS))
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("A person with 30% smile!")["input_ids"])
    assert pieces == [START, "a</w>", "person</w>", "with</w>", "3</w>", "0</w>", "%</w>", "smile</w>", "!</w>", END]
