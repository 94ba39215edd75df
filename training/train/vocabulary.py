"""A small tokenizer in CLIP's format: byte pairs of what is said of faces, and single bytes for everything else.

`vocab.json` and `merges.txt` are written as OpenAI's are, so that `transformers.CLIPTokenizer` reads them: 256 bytes,
the same ending a word, the merges' results, start and end of text.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
MERGES = 400
# CLIP's own: contractions, words, single digits, runs of other signs.
PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def learn_merges(texts: Iterable[str]) -> list[tuple[str, str]]:
    """The most frequent pairs of symbols, the first ones first."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=2 * len(alphabet) + MERGES,
        initial_alphabet=alphabet,
        end_of_word_suffix=WORD_END,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(first, second) for first, second in learnt][:MERGES]


def write_vocabulary(folder: Path, merges: list[tuple[str, str]]) -> None:
    """`vocab.json` and `merges.txt` of a tokenizer with these merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = [*alphabet, *(sign + WORD_END for sign in alphabet), *(first + second for first, second in merges)]
    symbols = [*dict.fromkeys(symbols), START, END]
    vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{first} {second}" for first, second in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
