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
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from stages.errors import CheckpointError

HEAD = 1 << 16  # bytes that hold a file's first network: only a few training options stand before it


@dataclass(frozen=True)
class PersistentObject:
    """One network or layer of a file.

    Attributes:
        class_name: its class in the code that wrote it, e.g. "SynthesisBlock".
        state: that object's attributes; as a module's, with `_parameters`, `_buffers` and `_modules`.
    """

    class_name: str
    state: dict[str, Any]


def is_nvidia_pickle(head: bytes) -> bool:
    """Whether a file's first `HEAD` bytes are those of a StyleGAN pickle, of PyTorch or of TensorFlow."""
    return head.startswith(b"\x80") and (b"torch_utils.persistence" in head or b"dnnlib.tflib" in head)


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
            read = _Unpickler(content).load()
    except _Refused as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # on damaged bytes an unpickler fails in any way there is
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(f"{path}: not a whole StyleGAN2 pickle ({reason}). Copy it again.") from error
    if not isinstance(read, dict):
        raise CheckpointError(f"{path}: expected a dictionary of networks, found {type(read).__name__}.")
    return read


class _Refused(Exception):
    """What a file asks for and does not get, as the end of a sentence that starts with the file."""

    def __init__(self, name: str) -> None:
        way = "so it was not loaded and nothing in it was run"
        if name.startswith("dnnlib.tflib"):
            way = "as TensorFlow's pickles do; convert it with legacy.py of stylegan2-ada-pytorch first"
        super().__init__(f"it asks for {name}, {way}.")


class _NumberType:
    """A numpy type, of whole or floating-point numbers only: of objects, an array would be another pickle."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch(r"[iuf][1248]|b1", code):
            raise _Refused(f"numpy.dtype({code!r})")
        self.dtype = np.dtype(code)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take the byte order, the one thing in a number type's state that its code leaves open."""
        self.dtype = self.dtype.newbyteorder(state[1])


class _ArrayType:
    """Stands for numpy.ndarray where a file names it as the kind of array to build."""


def _scalar(kind: _NumberType, raw: bytes) -> float | int | bool:
    [value] = np.frombuffer(raw, kind.dtype).tolist()
    return value


def _array(kind: type, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """An empty array: its shape and values come with BUILD."""
    if kind is not _ArrayType:
        raise _Refused("an array of another class")
    return np.zeros(0, np.uint8)


def _storage(raw: bytes) -> Tensor:
    """All values of a storage, 1-D: its bytes are a `torch.save` file of their own."""
    try:
        storage = torch.load(BytesIO(raw), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if asked := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise _Refused(asked[1]) from error
        raise
    if not isinstance(storage, torch.storage.TypedStorage):
        raise TypeError(f"a storage that holds {type(storage).__name__}")
    return torch.empty(0, dtype=storage.dtype).set_(storage)  # type: ignore[arg-type]  # (N,)


def _tensor(values: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    """A view of a storage; PyTorch refuses one that leaves it, and we one that repeats its values."""
    if prod(size) > values.numel():
        raise ValueError(f"a tensor of shape {size} in a storage of {values.numel()} values")
    return values.as_strided(size, stride, offset)


def _parameter(data: Tensor, *_: Any) -> Tensor:
    return data


def _persistent(meta: dict[str, Any]) -> PersistentObject:
    """The record of an object; `meta["module_src"]`, the source that the published code would run, is left."""
    if not isinstance(meta["class_name"], str) or not isinstance(meta["state"], dict):
        raise TypeError("a network without a class name and a state")
    return PersistentObject(meta["class_name"], meta["state"])


# Everything that a file may name, and what it gets.
ALLOWED: dict[str, Callable[..., Any]] = {
    "builtins.set": set,
    "collections.OrderedDict": dict,
    "dnnlib.util.EasyDict": dict,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch.storage._load_from_bytes": _storage,
    "numpy.dtype": _NumberType,
    "numpy.ndarray": _ArrayType,
    "numpy.core.multiarray.scalar": _scalar,  # as numpy 1 named it
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.multiarray._reconstruct": _array,
}


class _Unpickler(pickle._Unpickler):
    """Python's unpickler with its doors to code closed: names are looked up in `ALLOWED`, and BUILD knows two kinds."""

    stack: list[Any]
    dispatch: ClassVar = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        asked = f"{module}.{name}"
        if asked not in ALLOWED:
            raise _Refused(asked)
        return ALLOWED[asked]

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("an object outside of the file")

    def get_extension(self, code: int) -> None:
        raise _Refused(f"the extension {code} of copyreg")

    def load_build(self) -> None:
        state = self.stack.pop()
        built = self.stack[-1]
        if isinstance(built, _NumberType):
            built.restore(state)
        elif isinstance(built, np.ndarray):
            version, shape, kind, fortran, raw = state
            if not isinstance(kind, _NumberType) or not isinstance(raw, bytes):
                raise _Refused("an array of objects")
            built.__setstate__((version, shape, kind.dtype, fortran, raw))
        else:
            raise _Refused(f"a state set on {type(built).__name__}")

    dispatch[pickle.BUILD[0]] = load_build  # type: ignore[assignment]
