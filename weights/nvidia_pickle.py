"""Reading StyleGAN2 pickles in the form in which their authors publish them, without executing what they say.

Such a file (`ffhq.pkl`, `stylegan2-ffhq-1024x1024.pkl`, …) is a plain pickle of a dictionary. Its networks, `G_ema`
among them, are calls of `torch_utils.persistence._reconstruct_persistent_obj`, each with its class's Python source
beside its state. Karras et al. run that source; here it is dropped, and what is left is a record of names, numbers
and tensors.

Python's own unpickler in its Python form does the reading, rather than the one in C: BUILD, which sets attributes of
whatever lies on the stack, can be closed in it, and a number in a hostile file cannot make it allocate gigabytes.
"""

import mmap
import pickle
import re
import struct
import warnings
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from common.errors import CheckpointError
from weights.plain_values import HARMLESS, Refused, restore_state, view

AT_ONCE = 1 << 24  # bytes


@dataclass(frozen=True)
class PersistentObject:
    """One network or layer of a file.

    Attributes:
        class_name: its class in the code that wrote it, e.g. "SynthesisBlock".
        state: that object's attributes; as a module's, with `_parameters`, `_buffers` and `_modules`.
    """

    class_name: str
    state: dict[str, Any]


def is_nvidia_pickle(content: bytes | mmap.mmap) -> bool:
    """Whether a file's bytes are those of a StyleGAN pickle, of PyTorch or of TensorFlow."""
    marks = (b"torch_utils.persistence", b"dnnlib.tflib")
    return content[:1] == b"\x80" and any(content.find(mark) >= 0 for mark in marks)


def read_nvidia_pickle(path: Path) -> dict[str, Any]:
    """A file's dictionary: plain values, tensors on the CPU, and a `PersistentObject` for each network and layer.

    Raises:
        CheckpointError: damaged, of another kind, or asking for anything but plain values, tensors and networks.
    """
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # of PyTorch, about the storages that these files are made of
            read = ClosedUnpickler(content).load()
    except Refused as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # on damaged bytes an unpickler fails in any way there is
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(f"{path}: not a whole StyleGAN2 pickle ({reason}). Copy it again.") from error
    if isinstance(read, PersistentObject):  # a generator saved alone
        return {"G_ema": read}
    if not isinstance(read, dict):
        raise CheckpointError(f"{path}: expected a dictionary of networks, found {type(read).__name__}.")
    return read


def _storage(raw: bytes) -> Tensor:
    """All values of a storage, 1-D: its bytes are a `torch.save` file of their own."""
    try:
        storage = torch.load(BytesIO(raw), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if asked := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise Refused(asked[1]) from error
        raise
    if not isinstance(storage, torch.storage.TypedStorage):
        raise TypeError(f"a storage that holds {type(storage).__name__}")
    return torch.empty(0, dtype=storage.dtype).set_(storage)  # type: ignore[arg-type]  # (N,)


def _parameter(data: Tensor, *_: Any) -> Tensor:
    return data


def _persistent(meta: dict[str, Any]) -> PersistentObject:
    """The record of an object; `meta["module_src"]`, the source that the published code would run, is left."""
    if not isinstance(meta["class_name"], str) or not isinstance(meta["state"], dict):
        raise TypeError("a network without a class name and a state")
    return PersistentObject(meta["class_name"], meta["state"])


# Everything that a file may name, and what it gets.
ALLOWED: dict[str, Callable[..., Any]] = {
    **HARMLESS,
    "dnnlib.util.EasyDict": dict,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_tensor_v2": view,
    "torch.storage._load_from_bytes": _storage,
}


def _read(file: Any, size: int) -> bytes:
    """At most so many bytes: what a damaged length asks for is not asked of the memory before they are there."""
    if size <= AT_ONCE:
        return bytes(file.read(size))
    parts: list[bytes] = []
    while size > 0 and (part := file.read(min(size, AT_ONCE))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class ClosedUnpickler(pickle._Unpickler):
    """Python's unpickler with its doors to code closed: names are looked up in `ALLOWED`, and BUILD knows two kinds."""

    stack: list[Any]
    proto: int
    dispatch: ClassVar = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._file_read = partial(_read, file)

    def find_class(self, module: str, name: str) -> Any:
        asked = self.asked(module, name)
        if asked not in ALLOWED:
            raise Refused(asked)
        return ALLOWED[asked]

    def asked(self, module: str, name: str) -> str:
        """A name with its module, as Python 3 has it: pickles before protocol 3 name what is Python 2's."""
        if self.proto < 3:
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        return f"{module}.{name}"

    def persistent_load(self, pid: Any) -> Any:
        raise Refused("an object outside of the file")

    def get_extension(self, code: int) -> None:
        raise Refused(f"the extension {code} of copyreg")

    def load_build(self) -> None:
        state = self.stack.pop()
        built = self.stack[-1]
        if not restore_state(built, state):
            raise Refused(f"a state set on {type(built).__name__}")

    def load_bytearray8(self) -> None:  # Python's own makes room for as many bytes as it is told of
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        self.stack.append(bytearray(self.read(size)))  # type: ignore[attr-defined]

    dispatch[pickle.BUILD[0]] = load_build  # type: ignore[assignment]
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8  # type: ignore[assignment]
