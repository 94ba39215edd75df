"""From a file's bytes to tensors, without executing anything that a file says.

Our own files (safetensors) are mapped into memory: what is not used is not read. Published ones (`torch.save`, as ZIP
archives or in the format before it, TorchScript archives, NVIDIA's pickles) are read whole, by unpicklers of ours that
build tensors and plain containers alone (`weights.torch_pickle`, `weights.nvidia_pickle`).
"""

import json
import mmap
import struct
import zipfile
from pathlib import Path
from typing import Any

from safetensors import safe_open

from common.errors import CheckpointError
from weights.file_kinds import HEAD, is_safetensors, not_a_checkpoint
from weights.nvidia_pickle import PersistentObject, is_nvidia_pickle, read_nvidia_pickle
from weights.plain_values import Refused
from weights.torch_file import LEGACY, read_legacy_file, read_plain_pickle, read_torch_archive
from weights.torch_pickle import Record


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file's content by names, and for a file of ours its metadata (empty for any other).

    Values are tensors on the CPU, plain values, records of other objects (`weights.torch_pickle.Record`), and networks
    of NVIDIA's (`weights.nvidia_pickle.PersistentObject`). A file that is one network has it under the empty name.

    Raises:
        CheckpointError: damaged, of another kind, or asking for code to be run.
    """
    if is_safetensors(path):
        return _read_safetensors(path)
    if found := not_a_checkpoint(path):
        raise CheckpointError(f"{path}: {found}")
    try:
        content = _read_published(path)
    except Refused as error:
        raise CheckpointError(
            f"{path}: not a checkpoint that can be loaded without executing code from it (it asks for {error.name})."
        ) from error
    except (MemoryError, OSError, CheckpointError):
        raise
    except Exception as error:  # on damaged bytes an unpickler fails in any way there is
        raise CheckpointError(f"{path}: {_damage(error)} Get the file again.") from error
    if isinstance(content, Record | PersistentObject):
        return {"": content}, {}
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary of tensors, found {type(content).__name__}.")
    return {name: value for name, value in content.items() if isinstance(name, str)}, {}


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            stored = file.metadata() or {}
            content = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except MemoryError:
        raise
    except Exception as error:  # its own, and PyTorch's where a type or a shape is none of its
        raise CheckpointError(f"{path}: not a whole safetensors file ({_first_line(error)}). Copy it again.") from error
    if "architecture" not in stored:
        return content, {}
    return content, {name: _parse(value) for name, value in stored.items()}


def _read_published(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(0)
        if head.startswith(b"PK"):
            with zipfile.ZipFile(file) as archive:
                return read_torch_archive(archive)
        if head.startswith(LEGACY):
            return read_legacy_file(file, path.stat().st_size)
        if head.startswith(b"\x80"):
            if _is_nvidia(path):
                return read_nvidia_pickle(path)
            return read_plain_pickle(file)
    raise CheckpointError(
        f"{path}: not a checkpoint: it begins with the bytes {head[:8].hex(' ')}, as none that is known does. "
        "Get the file again, or give the PyTorch checkpoint."
    )


def _is_nvidia(path: Path) -> bool:
    """Whether a pickle is one of NVIDIA's, whose first network may follow any amount of options."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return is_nvidia_pickle(content)


def _damage(error: Exception) -> str:
    """What is wrong with a file's bytes, in words of people who do not know the format."""
    text = _first_line(error)
    if isinstance(error, zipfile.BadZipFile) and "CRC" in text:
        return "damaged: a part of it does not have the checksum that is written beside it."
    if isinstance(error, EOFError | struct.error) or any(
        said in text for said in ("truncated", "cut short", "exhausted", "Ran out of input")
    ):
        return "not a whole checkpoint: it ends too early."
    return "not a checkpoint that can be read: its bytes are damaged, or of an unknown format."


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _parse(value: str) -> Any:
    """A metadata value: JSON, or plain text."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
