"""What is not a checkpoint is named for what it is, with what to do, and never in another library's words."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import CheckpointError
from weights.file_kinds import not_a_checkpoint
from weights.read_checkpoint import read_checkpoint

FOREIGN = ("weights_only", "torch.load", "miniz", "inline_container", "pop from", "Error(", "zipfile")


def checkpoint(**options: bool) -> bytes:
    file = io.BytesIO()
    torch.save({"g_ema": {"weight": torch.arange(4096.0)}}, file, **options)  # type: ignore[arg-type]
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("stylegan2.pt"))
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, checkpoint())
    return file.getvalue()


def arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, mean=np.zeros(3))
    return file.getvalue()


QUOTA = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>Sorry</body></html>"
DENIED = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Denied</Message></Error>'
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 381462551\n"
KINDS: dict[str, tuple[Callable[[], bytes] | bytes, str]] = {
    "web page": (QUOTA, r"a web page \(Google Drive - Quota exceeded\)\. Get the file again, in a browser"),
    "page after blanks": (b"\r\n\n <html><body>no</body>", "a web page. Get the file again"),
    "page with a byte order mark": (b"\xef\xbb\xbf" + QUOTA, "a web page"),
    "page in UTF-16": ("<html><title>Sign in</title>".encode("utf-16"), r"a web page \(Sign in\)"),
    "long page": (QUOTA + "é".encode() * 5000, "a web page"),
    "object store's answer": (DENIED, r"a web page \(AccessDenied\)"),
    "JSON error": (b'{"error": "Repository not found"}', r"a message in JSON \(Repository not found\)"),
    "JSON list": (b'["no such model"]', "a message in JSON"),
    "plain text": (b"Invalid username or password.", r"a text \(Invalid username or password\.\)"),
    "LFS pointer": (POINTER, 'a Git LFS pointer.*"git lfs pull"'),
    "annex pointer": (b"/annex/objects/SHA256E-s3--00.pt\n", "a git-annex pointer.*git annex get"),
    "empty": (b"", "an empty file. Get the file again"),
    "zeros": (bytes(100_000), "first 4,096 bytes are zeros.*Get the file again"),
    "gzip": (lambda: gzip.compress(checkpoint()), "a gzip archive. Unpack it"),
    "xz": (lambda: lzma.compress(checkpoint()), "an xz archive. Unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7-Zip archive. Unpack it"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "a RAR archive. Unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(100), "a Zstandard archive. Unpack it"),
    "tar": (tarred, "a tar archive. Unpack it"),
    "zip around it": (lambda: zipped("models/stylegan2.pt"), "a ZIP archive around models/stylegan2.pt. Unpack it"),
    "zip of several": (lambda: zipped(*"abcde"), "around a, b, c and 2 more"),
    "empty zip": (zipped, "an empty ZIP archive"),
    "npz": (arrays, r"NumPy arrays \(mean.npy\)\. Give the PyTorch checkpoint"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(200), "an HDF5 file.*Give the PyTorch checkpoint"),
    "ONNX": (b"\x08\x08\x12\x07pytorch\x1a\x051.13.", "an ONNX model"),
    "ONNX without a producer": (b"\x08\x07:\xf2\xe9\x8e\x01\n", "an ONNX model"),
    "TensorFlow": (b"\x08\x01\x12\xa6\xf2\x03\n", "a TensorFlow model"),
    "TensorFlow Lite": (b"\x1c\0\0\0TFL3" + bytes(100), "a TensorFlow Lite model"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "an image"),
    "video": (b"\0\0\0\x20ftypisom" + bytes(100), "a video"),
    "half a ZIP": (lambda: checkpoint()[:9000], "not a whole checkpoint.*end is missing. Get the file again"),
    "a ZIP without its end": (lambda: checkpoint()[:-30], "not a whole checkpoint"),
    "half of the older format": (
        lambda: checkpoint(_use_new_zipfile_serialization=False)[:9000],
        "not a whole checkpoint: it ends too early. Get the file again",
    ),
    "unknown bytes": (b"\xc3\x28 \x01\x02", "begins with the bytes c3 28 20 01 02"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_named(tmp_path: Path, kind: str) -> None:
    content, said = KINDS[kind]
    path = tmp_path / "stylegan2.pt"
    path.write_bytes(content() if callable(content) else content)
    with pytest.raises(CheckpointError, match=said) as refused:
        read_checkpoint(path)
    text = str(refused.value)
    assert text.startswith(f"{path}: not a ") and "\n" not in text
    assert not any(word in text for word in FOREIGN)


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_nothing_speaks_against_a_checkpoint(tmp_path: Path, options: dict[str, bool]) -> None:
    path = tmp_path / "any.name"
    path.write_bytes(checkpoint(**options))
    assert not_a_checkpoint(path) == ""
    content, _ = read_checkpoint(path)
    torch.testing.assert_close(content["g_ema"]["weight"], torch.arange(4096.0))


def test_a_byte_that_changed_is_told_by_the_checksum(tmp_path: Path) -> None:
    whole, path = checkpoint(), tmp_path / "changed.pt"
    middle = len(whole) // 2  # inside of the one tensor
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    with pytest.raises(CheckpointError, match="damaged: a part of it does not have the checksum"):
        read_checkpoint(path)


def test_a_file_that_was_written_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"g_ema": {"weight": torch.ones(3)}}, tmp_path / "bare.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    content, _ = read_checkpoint(tmp_path / "bare.pt")
    torch.testing.assert_close(content["g_ema"]["weight"], torch.ones(3))
