"""Values that a pickle may hold without executing code: numbers, arrays, paths, times, containers, tensors.

Pickles name a function for everything that is not a number, a text or a plain container. For each name here stands a
function of ours that builds the value, or a plain stand-in: a path becomes its text, a time its bytes.
"""

import re
from collections.abc import Callable, Iterable
from math import prod
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from torch import Tensor

# How many values a tensor may have that repeats its storage's, as an average code shared by all layers does.
REPEATED = 1 << 24


class Refused(Exception):
    """What a file asks for and does not get, as the end of a sentence that starts with the file."""

    def __init__(self, name: str) -> None:
        way = "so it was not loaded and nothing in it was run"
        if name.startswith("dnnlib.tflib"):
            way = "as TensorFlow's pickles do; convert it with legacy.py of stylegan2-ada-pytorch first"
        super().__init__(f"it asks for {name}, {way}.")
        self.name = name


class NumberType:
    """A numpy type, of whole or floating-point numbers only: of objects, an array would be another pickle."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch(r"[iuf][1248]|b1", code):
            raise Refused(f"numpy.dtype({code!r})")
        self.dtype = np.dtype(code)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take the byte order, the one thing in a number type's state that its code leaves open."""
        self.dtype = self.dtype.newbyteorder(state[1])


class _ArrayType:
    """Stands for numpy.ndarray where a file names it as the kind of array to build."""


def view(values: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    """A view of a storage; PyTorch refuses one that leaves it, and we one that repeats its values without bound."""
    if prod(size) > max(values.numel(), REPEATED if values.numel() else 0):
        raise ValueError(f"a tensor of shape {size} in a storage of {values.numel()} values")
    return values.as_strided(size, stride, offset)


def restore_state(built: object, state: Any) -> bool:
    """Set the state of one of numpy's values; false where `built` is something else.

    Raises:
        Refused: an array of objects.
    """
    if isinstance(built, NumberType):
        built.restore(state)
    elif isinstance(built, np.ndarray):
        _restore_array(built, state)
    else:
        return False
    return True


def _restore_array(array: np.ndarray, state: tuple[Any, ...]) -> None:
    """Fill an array that `numpy…_reconstruct` made, from numbers alone."""
    version, shape, kind, fortran, raw = state
    if not isinstance(kind, NumberType) or not isinstance(raw, bytes):
        raise Refused("an array of objects")
    array.__setstate__((version, shape, kind.dtype, fortran, raw))


def _scalar(kind: NumberType, raw: bytes) -> float | int | bool:
    [value] = np.frombuffer(raw, kind.dtype).tolist()
    return value


def _array(kind: type, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """An empty array: its shape and values come with BUILD."""
    if kind is not _ArrayType:
        raise Refused("an array of another class")
    return np.zeros(0, np.uint8)


def _path(*parts: str) -> str:
    return str(PurePosixPath(*map(str, parts)))


def _encoded(text: str, *_: str) -> bytes:
    """Bytes as pickles before protocol 3 store them."""
    return text.encode("latin-1")


def _arguments(*values: Any) -> tuple[Any, ...]:
    """Stands for a value of which nothing is read, such as a time."""
    return values


def _dictionary(*values: Any) -> dict[Any, Any]:
    """A plain dictionary for one with a factory or a count, which are left."""
    return dict(values[-1]) if values and isinstance(values[-1], dict) else {}


def _list(values: Iterable[Any] = (), *_: Any) -> list[Any]:
    return list(values)


HARMLESS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encoded,
    "builtins.bytearray": _arguments,
    "builtins.complex": _arguments,
    "builtins.frozenset": frozenset,
    "builtins.set": set,
    "builtins.slice": _arguments,
    "collections.Counter": _dictionary,
    "collections.OrderedDict": dict,
    "collections.defaultdict": _dictionary,
    "collections.deque": _list,
    "datetime.date": _arguments,
    "datetime.datetime": _arguments,
    "datetime.time": _arguments,
    "datetime.timedelta": _arguments,
    "datetime.timezone": _arguments,
    "decimal.Decimal": _arguments,
    "pathlib.Path": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    "pathlib.PureWindowsPath": _path,
    "pathlib.WindowsPath": _path,
    "pathlib._local.PosixPath": _path,  # as Python 3.13 names them
    "pathlib._local.PurePosixPath": _path,
    "pathlib._local.WindowsPath": _path,
    "numpy.dtype": NumberType,
    "numpy.ndarray": _ArrayType,
    "torch.Size": _arguments,
    "torch.device": _arguments,
}
HARMLESS |= {f"builtins.{kind}": _arguments for kind in ("bool", "bytes", "float", "int", "object", "range", "str")}
HARMLESS |= {"builtins.dict": _dictionary, "builtins.list": _list, "builtins.tuple": _arguments}
for _core in ("numpy.core.multiarray", "numpy._core.multiarray"):  # as numpy 1 names it, and as numpy 2 does
    HARMLESS |= {f"{_core}.scalar": _scalar, f"{_core}._reconstruct": _array}
