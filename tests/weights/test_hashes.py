"""Holding files to their hashes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import CheckpointError
from weights.hashes import NAME, read_lock, verify_hash
from weights.store import find, sha256
from weights.verify_registered import verify_registered


@pytest.fixture()
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.pt"
    path.write_bytes(b"weights")
    return path


def change(path: Path, content: bytes, keep_time: bool = False) -> None:
    """Write other bytes, at a time that differs even where the clock is coarse."""
    before = path.stat()
    path.write_bytes(content)
    later = before.st_mtime_ns + (0 if keep_time else 1_000_000_000)
    os.utime(path, ns=(before.st_atime_ns, later))


def test_the_first_load_records_what_later_ones_are_held_to(file: Path) -> None:
    assert verify_hash(file) == sha256(file)
    record = read_lock(file.parent)["one.pt"]
    assert (record.sha256, record.size, record.mtime_ns) == (sha256(file), 7, file.stat().st_mtime_ns)
    assert verify_hash(file) == record.sha256
    change(file, b"another")
    with pytest.raises(CheckpointError) as told:
        verify_hash(file)
    assert record.sha256 in str(told.value)
    assert sha256(file) in str(told.value)
    assert f"recorded on {record.when[:10]}" in str(told.value)
    assert str(file.with_name(NAME)) in str(told.value)
    assert read_lock(file.parent)["one.pt"] == record


def test_a_file_replaced_on_purpose_is_taken_once_its_entry_is_gone(file: Path) -> None:
    verify_hash(file)
    change(file, b"another")
    file.with_name(NAME).write_text("{}")
    assert verify_hash(file) == sha256(file)


def test_a_published_hash_goes_before_anything_recorded(file: Path) -> None:
    verify_hash(file)
    other = "sha256:" + "0" * 64
    with pytest.raises(CheckpointError, match=f"expected {other} as published, found {sha256(file)}"):
        verify_hash(file, other)
    change(file, b"another")
    assert verify_hash(file, sha256(file)) == sha256(file)
    assert read_lock(file.parent)["one.pt"].sha256 == sha256(file)


def test_a_file_is_hashed_again_only_when_its_size_or_time_changed(file: Path) -> None:
    first = verify_hash(file)
    change(file, b"WEIGHTS", keep_time=True)
    assert verify_hash(file) == first  # same size and time: not read
    with pytest.raises(CheckpointError, match="expected"):
        verify_hash(file, hash_again=True)


def test_a_copy_of_the_same_bytes_at_another_time_is_the_same_file(file: Path) -> None:
    verify_hash(file)
    when = read_lock(file.parent)["one.pt"].when
    change(file, b"weights")
    verify_hash(file)
    record = read_lock(file.parent)["one.pt"]
    assert (record.mtime_ns, record.when) == (file.stat().st_mtime_ns, when)


def test_records_of_other_files_stay(file: Path) -> None:
    (file.parent / "two.pt").write_bytes(b"two")
    verify_hash(file)
    verify_hash(file.parent / "two.pt")
    assert list(read_lock(file.parent)) == ["one.pt", "two.pt"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"one.pt": 3}', '{"one.pt": {"sha256": "x"}}'])
def test_a_damaged_lock_file_is_told(file: Path, text: str) -> None:
    file.with_name(NAME).write_text(text)
    with pytest.raises(CheckpointError, match="cannot be read .*Remove it"):
        verify_hash(file)


def test_where_the_record_cannot_be_written_a_load_goes_on_and_warns(file: Path) -> None:
    file.with_name(f".{NAME}.part").mkdir()  # in the way of the file that would be written, for root too
    with pytest.warns(UserWarning, match="a later change of one.pt would not be noticed"):
        assert verify_hash(file) == sha256(file)
    assert verify_hash(file, sha256(file)) == sha256(file)  # published: the record is not needed, and nothing is said
    assert read_lock(file.parent) == {}


def test_only_files_of_the_registry_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    names = ("stylegan2-ffhq-config-f.pt", "stylegan2-ffhq-config-f.safetensors", "mine.pt")
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
        verify_registered(tmp_path / name)
    assert list(read_lock(tmp_path)) == sorted(names[:2])
    change(tmp_path / "mine.pt", b"trained further")
    verify_registered(tmp_path / "mine.pt")
    change(tmp_path / names[1], b"imported again")
    with pytest.raises(CheckpointError, match="as recorded on"):
        verify_registered(tmp_path / names[1])
    (tmp_path / "2DFAN4-11f355bf06.pth.tar").write_bytes(b"not the published bytes")
    with pytest.raises(CheckpointError, match="expected sha256:11f355bf.* as published"):
        verify_registered(tmp_path / "2DFAN4-11f355bf06.pth.tar")


def test_bundled_files_leave_no_record() -> None:
    bundled = find("synthface", "landmarks")
    verify_registered(bundled)
    assert not bundled.with_name(NAME).exists()


@pytest.mark.slow
def test_processes_that_record_at_once_lose_nothing(tmp_path: Path, repository: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from weights.hashes import verify_hash as held\n"
        "for index in range(20):\n"
        "    path = Path(sys.argv[1]) / f'{sys.argv[2]}{index}.pt'; path.write_bytes(path.name.encode()); held(path)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=repository) for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    records = json.loads((tmp_path / NAME).read_text())
    assert sorted(records) == sorted(f"{name}{index}.pt" for name in ("a", "b") for index in range(20))
    assert all(records[name]["sha256"] == sha256(tmp_path / name) for name in records)
