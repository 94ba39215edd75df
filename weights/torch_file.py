"""Reading what `torch.save` wrote, and TorchScript archives, without executing what they say.

Both are pickles (`weights.torch_pickle`) that name storages outside of themselves: entries of a ZIP archive, whose
checksums are held to here, for PyTorch does not look at them; or, in the format before PyTorch 1.6, bytes behind the
pickle.
"""

import struct
import sys
import zipfile
from io import BufferedReader
from typing import Any

import torch
from torch import Tensor

from weights.plain_values import Refused
from weights.torch_pickle import TorchUnpickler

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number with which the older format begins
PROTOCOL = 1001


def read_torch_archive(archive: zipfile.ZipFile) -> Any:
    """What a `torch.save` or TorchScript archive holds.

    Args:
        archive: opened, with one entry `…/data.pkl`.

    Raises:
        Refused: it asks for code to be run.
        Exception: of any kind, where it is damaged.
    """
    [entry] = [name for name in archive.namelist() if name.endswith("/data.pkl") and name.count("/") == 1]
    folder = entry.removesuffix("data.pkl")
    names = set(archive.namelist())
    if (
        f"{folder}byteorder" in names
        and archive.read(_unchecked_if_bare(archive, f"{folder}byteorder")) != sys.byteorder.encode()
    ):
        raise ValueError("written on a machine of another byte order")

    def find(key: str, kind: torch.dtype, count: int) -> Tensor:
        return _values(_entry_bytes(archive, f"{folder}data/{key}", count * kind.itemsize), kind)

    with archive.open(_unchecked_if_bare(archive, entry)) as file:
        return TorchUnpickler(file, find).load()


def read_legacy_file(file: BufferedReader, size: int) -> Any:
    """What a file in `torch.save`'s older format holds: five pickles, then each storage's length and bytes.

    Args:
        file: at its beginning.
        size: its bytes.

    Raises:
        Refused: it asks for code to be run.
        Exception: of any kind, where it is damaged.
    """
    storages: dict[str, Tensor] = {}

    def find(key: str, kind: torch.dtype, count: int) -> Tensor:
        if key not in storages:
            if count * kind.itemsize > size:
                raise EOFError("cut short")
            storages[key] = torch.empty(count, dtype=kind)
        return storages[key]

    file.seek(len(LEGACY))
    if TorchUnpickler(file, find).load() != PROTOCOL:
        raise ValueError("another version of the format")
    TorchUnpickler(file, find).load()  # of the machine that wrote it
    content = TorchUnpickler(file, find).load()
    for key in TorchUnpickler(file, find).load():
        values = storages[key]
        (count,) = struct.unpack("<q", file.read(8))
        if count != values.numel():
            raise ValueError(f"a storage of {count} values instead of {values.numel()}")
        raw = values.view(torch.uint8).numpy()
        if file.readinto(memoryview(raw)) != raw.nbytes:  # type: ignore[arg-type]
            raise EOFError("cut short")
    return content


def read_plain_pickle(file: BufferedReader) -> Any:
    """What a pickle without storages holds.

    Raises:
        Refused: it asks for code to be run.
        Exception: of any kind, where it is damaged.
    """

    def find(key: str, kind: torch.dtype, count: int) -> Tensor:
        raise Refused("an object outside of the file")

    return TorchUnpickler(file, find).load()


def _entry_bytes(archive: zipfile.ZipFile, name: str, size: int) -> bytearray:
    """An entry's bytes, whose checksum is verified where it has one."""
    info = _unchecked_if_bare(archive, name)
    if info.file_size != size:
        raise ValueError(f"{name} has {info.file_size} bytes instead of {size}")
    raw = bytearray(archive.read(info))
    if len(raw) != size:
        raise EOFError("cut short")
    return raw


def _unchecked_if_bare(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """An entry; the checksum is skipped where it has none, as PyTorch can be set to write all of them."""
    info = archive.getinfo(name)
    if info.CRC == 0:
        info.CRC = None  # type: ignore[assignment]  # which zipfile takes for "do not check"
    return info


def _values(raw: bytearray, kind: torch.dtype) -> Tensor:
    """(N,) of a storage's bytes."""
    return torch.frombuffer(raw, dtype=kind) if raw else torch.empty(0, dtype=kind)
