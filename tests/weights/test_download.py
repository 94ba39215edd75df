"""A file of the registry is fetched once, whole and as published, or not at all."""

import time
from pathlib import Path

import pytest

from tests.weights.downloads import left, refusal, start, wait_for, wanted
from tests.weights.shelf import CONTENT, OTHER, Shelf, digest
from weights.download import download
from weights.store import list_models


def test_a_file_is_fetched_once_with_its_progress(shelf: Shelf, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT), len(CONTENT))
    assert download(stored, lambda here, total: told.append((here, total))) == stored.path
    assert stored.path.read_bytes() == CONTENT
    assert left(tmp_path) == ["one.pt"]
    assert told[0] == (0, len(CONTENT)) and told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert download(stored) == stored.path
    assert len(shelf.seen) == 1


def test_a_wrong_hash_is_told_and_nothing_kept(shelf: Shelf, tmp_path: Path) -> None:
    said = refusal(wanted(tmp_path, f"{shelf.url}/file", digest(OTHER)))
    assert f"expected {digest(OTHER)} as published, found {digest(CONTENT)}" in said
    assert left(tmp_path) == []


def test_a_file_that_is_here_is_held_to_what_is_published(shelf: Shelf, tmp_path: Path) -> None:
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT))
    stored.path.parent.mkdir()
    stored.path.write_bytes(OTHER)
    assert f"expected {digest(CONTENT)} as published, found {digest(OTHER)}" in refusal(stored)
    assert "expected 7 bytes as published, found 512,000" in refusal(wanted(tmp_path, shelf.url, size=7))
    assert stored.path.read_bytes() == OTHER
    assert shelf.seen == []


def test_bundled_files_need_no_download() -> None:
    bundled = [stored for stored in list_models() if stored.origin is None]
    assert [download(stored) for stored in bundled] == [stored.path for stored in bundled]


@pytest.mark.slow
def test_a_disk_that_fills_up_leaves_nothing_half_written(shelf: Shelf, tmp_path: Path, repository: Path) -> None:
    """A limit on the size of files stands for the full disk: writing stops in the middle in the same way."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    child = start(repository, tmp_path, shelf.url, limit)
    said, _ = child.communicate(timeout=60)
    assert f"one.pt: no room in {tmp_path}/weights (File too large); nothing of it was kept." in said
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "weights").touch()
    assert "weights cannot be written (File exists)" in refusal(wanted(tmp_path, f"{shelf.url}/file"))


@pytest.mark.slow
def test_two_processes_fetch_a_file_once(shelf: Shelf, tmp_path: Path, repository: Path) -> None:
    shelf.script = ["hold 100000"]
    children = [start(repository, tmp_path, shelf.url, "print('begun', flush=True)") for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
    wait_for(lambda: len(shelf.seen) > 0)
    time.sleep(0.3)  # for the second to come to the lock; whether it does changes nothing below
    shelf.go_on.set()
    assert [child.communicate(timeout=60)[0] for child in children] == [f"{tmp_path}/weights/one.pt\n"] * 2
    assert len(shelf.seen) == 1
    assert (tmp_path / "weights/one.pt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><title>Sign in</title>", "a web page"),
        (b'{"error": "no"}', "a message in JSON"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_checkpoint_does_not_get_the_name_of_one(
    shelf: Shelf, tmp_path: Path, content: bytes, said: str
) -> None:
    shelf.content = content
    assert f"what came is not a checkpoint, but {said}" in refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert left(tmp_path) == []
