"""Files that are whole or not there."""

from pathlib import Path

import pytest

from common.atomic_files import replace_atomically


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.bin"
    with replace_atomically(path) as temporary:
        temporary.write_bytes(b"half")
        assert not path.exists()
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replace_atomically(path) as temporary:
        temporary.write_bytes(b"new")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
