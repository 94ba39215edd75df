"""The fuzzer's own judgement; atheris need not be there."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz import PIXELS, READERS, NoSentence, check_sentence, image_reader, write_seeds
from common.errors import JobError
from stages.media import decode_image


@pytest.mark.parametrize("target", ["image", "manifest", "job"])
@pytest.mark.slow
def test_no_seed_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.setattr(decode_image, "LARGEST_PICTURE", PIXELS)
    read = READERS[target]()
    write_seeds(target, tmp_path)
    seeds = sorted(tmp_path.iterdir())
    assert len(seeds) >= 4
    for seed in seeds:
        read(seed.read_bytes())


@pytest.mark.parametrize("text", ["two\nlines.", "no end", "\x1b[31mred.", ""])
def test_a_refusal_that_is_no_sentence_is_a_finding(text: str) -> None:
    check_sentence(JobError("manifest is missing."))
    with pytest.raises(NoSentence):
        check_sentence(JobError(text))


def test_an_exception_that_no_reader_documents_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_image, "LARGEST_PICTURE", PIXELS)
    read = image_reader()
    monkeypatch.setattr(decode_image, "_pixels", lambda *picture: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read(b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.slow
def test_fuzzing_for_a_moment_counts_its_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--target", "job", "--seconds", "4", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[1].replace(",", "")) > 0
