"""The pickles in `torch.save`'s files and in TorchScript archives, read without executing what they say.

Trainers save all kinds of things beside the tensors. An object of any class, above all a module, is kept as an inert
record: its name and its state. A function of Python, PyTorch or numpy is refused by its name unless it is one of a few
harmless ones: a file that wants another one called is not to be trusted.
"""

import pickle
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from weights.nvidia_pickle import ALLOWED, ClosedUnpickler
from weights.plain_values import Refused, restore_state, view

# Names under which nothing unknown is kept: what such a file wants to call is worth a refusal.
WATCHED = {*sys.stdlib_module_names, "torch", "numpy"}
KEPT = ("numpy.random.", "types.SimpleNamespace")  # a random generator's state, and plain values
STORAGES: dict[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": torch.uint8,
    "QInt8Storage": torch.int8,
    "QUInt8Storage": torch.uint8,
    "QInt32Storage": torch.int32,
}
TYPES = {str(kind): kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)}
Find = Callable[[str, torch.dtype, int], Tensor]


class Record(dict[Any, Any]):
    """An object of a class that is not looked for: what a dictionary of its kind holds, and what it was made with.

    Attributes:
        name: its class or function, as the file names it.
        state: its attributes; of a module `_parameters`, `_buffers` and `_modules`.
    """

    def __init__(self, name: str, state: Any = None) -> None:
        super().__init__()
        self.name, self.state = name, state

    def append(self, item: Any) -> None:
        """Take an item of a list of its kind, which nothing here asks for."""

    def extend(self, items: Any) -> None:
        """Take items of a list of its kind, which nothing here asks for."""


class _Named:
    """A function or class that a file names, and that is not called."""

    def __init__(self, name: str) -> None:
        self.name = name


def _typed_view(values: Tensor, offset: int, size: Any, stride: Any, *rest: Any) -> Any:
    """A tensor of one of the types that have no storage of their own, such as eight-bit floats."""
    kind = rest[2]  # after whether it has a gradient, and its hooks
    dtype = TYPES.get(kind.name) if isinstance(kind, _Named) else None
    return view(values.view(dtype), offset, size, stride) if dtype else Record("tensor of another type")


def _of_type(make: Any, _kind: Any, arguments: tuple[Any, ...], _state: Any) -> Any:
    """A tensor of a subclass, or with attributes: the tensor."""
    return make(*arguments) if callable(make) else Record(make.name)


def _odd(name: str) -> Callable[..., Record]:
    return lambda *_: Record(name)


TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": view,
    "torch._utils._rebuild_tensor_v3": _typed_view,
    "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
    "torch.nn.parameter.Parameter": lambda data=None, *_: data,
    "torch.nn.parameter.Buffer": lambda data=None, *_: data,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    # TorchScript's lists
    **{f"torch.jit._pickle.build_{kind}list": list for kind in ("int", "double", "bool", "tensor")},
    "torch.jit._pickle.restore_type_tag": lambda value, *_: value,
    "torch.serialization._get_layout": _odd("layout"),
    # What a network of ours has no place for, told where it is asked for.
    **{
        f"torch._utils.{name}": _odd(kind)
        for name, kind in {
            "_rebuild_sparse_tensor": "sparse tensor",
            "_rebuild_qtensor": "quantized tensor",
            "_rebuild_meta_tensor_no_storage": "tensor without values",
            "_rebuild_device_tensor_from_numpy": "tensor of another device",
            "_rebuild_device_tensor_from_cpu_tensor": "tensor of another device",
            "_rebuild_wrapper_subclass": "tensor of another class",
            "_rebuild_nested_tensor": "nested tensor",
        }.items()
    },
}
KNOWN = {**ALLOWED, **TENSORS, "argparse.Namespace": lambda: Namespace()}


class TorchUnpickler(ClosedUnpickler):
    """A closed unpickler that finds storages, and keeps as records what it does not know."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(ClosedUnpickler.dispatch)

    def __init__(self, file: Any, find: Find) -> None:
        super().__init__(file)
        self._find = find
        self._storages: dict[Any, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        asked = self.asked(module, name)
        return KNOWN.get(asked) or _Named(asked)

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) < 2:
            raise Refused("an object outside of the file")
        if pid[0] == "module":  # the older format's way to keep a class's source beside it
            return pid[1]
        _, kind, key, _, count, *part = pid
        name = getattr(kind, "name", "").rpartition(".")[2]
        if pid[0] != "storage" or name not in STORAGES or not isinstance(count, int) or count < 0:
            raise ValueError("a storage of an unknown type")
        whole = self._storages.get(key)
        if whole is None:
            whole = self._storages[key] = self._find(str(key), STORAGES[name], count)
        if part and part[0] is not None:  # the older format's views of storages
            _, offset, length = part[0]
            return whole[offset : offset + length]
        return whole

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = _call(self.stack[-1], tuple(arguments))

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        self.stack.append(_make(self.stack.pop(), tuple(arguments)))

    def load_newobj_ex(self) -> None:
        self.stack.pop()
        self.load_newobj()

    def load_inst(self) -> None:
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))  # type: ignore[attr-defined]
        arguments = self.pop_mark()  # type: ignore[attr-defined]
        self.stack.append(_call(self.find_class(module, name), tuple(arguments)))

    def load_obj(self) -> None:
        kind, *arguments = self.pop_mark()  # type: ignore[attr-defined]
        self.stack.append(_call(kind, tuple(arguments)))

    def load_build(self) -> None:
        state = self.stack.pop()
        built = self.stack[-1]
        if restore_state(built, state):
            return
        if isinstance(built, Record):
            built.state = state
        elif isinstance(built, Namespace):  # the options of a training: a bag of names and plain values
            vars(built).update(state)
        elif not isinstance(built, dict | list | tuple | Tensor):  # attributes beside the values
            raise Refused(f"a state set on {type(built).__name__}")

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.INST[0]] = load_inst
    dispatch[pickle.OBJ[0]] = load_obj
    dispatch[pickle.BUILD[0]] = load_build


def _call(function: Any, arguments: tuple[Any, ...]) -> Any:
    """A call's value, where it is one of ours; a record for what lies in other people's modules."""
    if not isinstance(function, _Named):
        return function(*arguments)
    if function.name == "copyreg._reconstructor":  # an object in the oldest protocols
        return _make(arguments[0], ())
    if function.name.partition(".")[0] in WATCHED and not function.name.startswith(KEPT):
        raise Refused(function.name)
    return Record(function.name, arguments)


def _make(kind: Any, arguments: tuple[Any, ...]) -> Any:
    """An object of a class: empty ones are records, whatever the class, for their state comes later."""
    if isinstance(kind, _Named) and not arguments:
        return Record(kind.name)
    return _call(kind, arguments)
