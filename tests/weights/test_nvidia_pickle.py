"""StyleGAN2 pickles are read as values, and whatever else they ask for is refused by name and does not happen.

The streams are written here, opcode by opcode, in the form that `torch_utils/persistence.py` of stylegan2-ada-pytorch
(commit d72cc7d) and of stylegan3 (commit c233a91) gives them.
"""

import io
import os
import pickle
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from common.errors import CheckpointError
from weights import nvidia_pickle
from weights.nvidia_pickle import PersistentObject, is_nvidia_pickle, read_nvidia_pickle


@dataclass
class Call:
    """In a stream: `name` (module, a space, what is in it) called with `arguments`, then given a state."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


class EasyDict(dict[str, Any]):
    """In a stream: dnnlib's dictionary, made without a call of its class."""


def storage_bytes(tensor: Tensor) -> bytes:
    """A storage as PyTorch stores one inside of a plain pickle: a legacy file of its own."""
    file = io.BytesIO()
    torch.save(tensor._typed_storage(), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def tensor_call(tensor: Tensor) -> Call:
    storage = Call("torch.storage _load_from_bytes", (storage_bytes(tensor),))
    hooks = Call("collections OrderedDict")
    shape = (tensor.storage_offset(), tuple(tensor.shape), tensor.stride())
    data = Call("torch._utils _rebuild_tensor_v2", (storage, *shape, False, hooks))
    return Call("torch._utils _rebuild_parameter", (data, False, hooks)) if isinstance(tensor, nn.Parameter) else data


def number_type(code: str, state: Any = (3, "<", None, None, None, -1, -1, 0)) -> Call:
    return Call("numpy dtype", (code, False, True), state)


def persistent_call(record: PersistentObject, source: str = "raise SystemExit") -> Call:
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": record.class_name, "state": record.state}
    return Call("torch_utils.persistence _reconstruct_persistent_obj", (meta,))


def opcodes(value: Any, protocol: int) -> bytes:
    """The part of a stream that leaves `value` on the stack."""

    def many(values: Any) -> bytes:
        return b"".join(opcodes(item, protocol) for item in values)

    def named(name: str) -> bytes:
        if protocol < 4:
            return b"c" + name.replace(" ", "\n").encode() + b"\n"
        return many(name.split(" ")) + pickle.STACK_GLOBAL

    match value:
        case Call():
            state = b"" if value.state is None else opcodes(value.state, protocol) + pickle.BUILD
            return named(value.name) + opcodes(value.arguments, protocol) + pickle.REDUCE + state
        case PersistentObject():
            return opcodes(persistent_call(value), protocol)
        case Tensor():
            return opcodes(tensor_call(value), protocol)
        case np.float64():
            name = "numpy.core.multiarray" if protocol < 4 else "numpy._core.multiarray"
            return opcodes(Call(f"{name} scalar", (number_type("f8"), value.tobytes())), protocol)
        case EasyDict():
            items = b"(" + many(part for item in value.items() for part in item) + b"u"
            return named("dnnlib.util EasyDict") + b")" + pickle.NEWOBJ + items
        case dict():
            return b"}(" + many(part for item in value.items() for part in item) + b"u"
        case set():
            return opcodes(Call("builtins set", (list(value),)), protocol)
        case list():
            return b"](" + many(value) + b"e"
        case tuple():
            return b"(" + many(value) + b"t"
        case _:
            plain = pickle.dumps(value, protocol=3)  # a stream of one value, between its version and its end
            return plain[2:-1]


def stream(value: Any, protocol: int = 3) -> bytes:
    """A pickle of `value`, as Karras et al.'s code would write it."""
    return pickle.PROTO + bytes([protocol]) + opcodes(value, protocol) + pickle.STOP


class Planted:
    """Calls something when it is unpickled by anything that trusts it."""

    def __init__(self, call: object, *arguments: object):
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call, self.arguments


def layer(**attributes: Any) -> PersistentObject:
    """A small layer with one of everything that real ones hold."""
    weight = nn.Parameter(torch.arange(24.0).reshape(2, 3, 2, 2).to(memory_format=torch.channels_last))
    state = {
        "training": False,
        "_parameters": {"weight": weight, "bias": None},
        "_buffers": {"half": torch.arange(6).half()[2:]},
        "_non_persistent_buffers_set": set(),
        "_modules": {},
        "weight_gain": np.float64(0.25),
        "_init_kwargs": EasyDict(channel_max=16, resample_filter=[1, 3, 3, 1]),
    }
    return PersistentObject("SynthesisLayer", state | attributes)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_layer_is_read_as_names_numbers_and_tensors(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "ffhq.pkl"
    path.write_bytes(stream({"training_set_kwargs": {"path": "ffhq.zip"}, "G_ema": layer()}, protocol))
    content = read_nvidia_pickle(path)
    assert content["training_set_kwargs"] == {"path": "ffhq.zip"}
    read = content["G_ema"]
    assert read.class_name == "SynthesisLayer"
    weight, half = read.state["_parameters"]["weight"], read.state["_buffers"]["half"]
    torch.testing.assert_close(weight, torch.arange(24.0).reshape(2, 3, 2, 2))
    torch.testing.assert_close(half, torch.tensor([2.0, 3, 4, 5], dtype=torch.half))
    assert type(read.state["weight_gain"]) is float and read.state["weight_gain"] == 0.25
    assert type(read.state["_init_kwargs"]) is dict
    assert read.state["_init_kwargs"] == {"channel_max": 16, "resample_filter": [1, 3, 3, 1]}
    assert read.state["_non_persistent_buffers_set"] == set()


def test_arrays_of_numbers_are_read(tmp_path: Path) -> None:
    empty = (Call("numpy ndarray"), (0,), b"b")
    state = (1, (2, 2), number_type("i4", (3, ">", None, None, None, -1, -1, 0)), False, b"\0\0\0\1\0\0\0\2" * 2)
    call = Call("numpy.core.multiarray _reconstruct", empty, state)
    raw = stream({"size": call}).replace(b"cnumpy\nndarray\n(tR", b"cnumpy\nndarray\n")  # the class, not a call of it
    (tmp_path / "arrays.pkl").write_bytes(raw)
    np.testing.assert_array_equal(read_nvidia_pickle(tmp_path / "arrays.pkl")["size"], [[1, 2], [1, 2]])


def test_the_source_in_a_file_is_not_run(tmp_path: Path) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "ffhq.pkl"
    source = f"open({str(mark)!r}, 'w')"
    path.write_bytes(stream({"G_ema": persistent_call(layer(), source)}))
    assert read_nvidia_pickle(path)["G_ema"].class_name == "SynthesisLayer"
    assert not mark.exists()


def planted(mark: Path) -> dict[str, Any]:
    """Ways to get a file touched, by the name that each is refused by."""
    return {
        "posix.system": Planted(os.system, f"touch {mark}"),
        "subprocess.Popen": Planted(subprocess.Popen, ["touch", str(mark)]),
        "eval": Planted(eval, f"open({str(mark)!r}, 'w')"),
        "exec": Planted(exec, f"open({str(mark)!r}, 'w')"),
        "getattr": Planted(getattr, Planted(__import__, "os"), "system"),
        "io.open": Planted(open, str(mark), "w"),
    }


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", planted(Path("x")))
def test_what_a_file_wants_to_call_is_named_and_not_called(tmp_path: Path, name: str, protocol: int) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pkl"
    path.write_bytes(pickle.dumps({"G_ema": [planted(mark)[name]]}, protocol, fix_imports=False))
    with pytest.raises(CheckpointError) as refused:
        read_nvidia_pickle(path)
    assert f"{name}, so it was not loaded" in str(refused.value)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
    assert not mark.exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["posix.system", "eval", "getattr"])
def test_a_call_inside_of_a_storage_is_named_and_not_called(tmp_path: Path, name: str, zipped: bool) -> None:
    mark, path, inner = tmp_path / "it-ran", tmp_path / "hostile.pkl", io.BytesIO()
    torch.save(planted(mark)[name], inner, _use_new_zipfile_serialization=zipped)
    path.write_bytes(stream({"G_ema": Call("torch.storage _load_from_bytes", (inner.getvalue(),))}))
    with pytest.raises(CheckpointError, match=f"asks for (.*\\.)?{name}, so it was not loaded"):
        read_nvidia_pickle(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("opcodes", "name"),
    [
        (b"(S'touch MARK'\nios\nsystem\n.", "os.system"),  # INST
        (b"(cos\nsystem\nS'touch MARK'\no.", "os.system"),  # OBJ
        (b"\x80\x02csubprocess\nPopen\n(]X\x04\x00\x00\x00MARKatp0\n\x81.", "subprocess.Popen"),  # NEWOBJ
        (b"\x80\x04\x8c\x08builtins\x8c\x0deval.__call__\x93.", "builtins.eval.__call__"),  # names with dots
        (b"\x80\x04\x8c\x08builtins\x8c\x0cset.__base__\x93.", "builtins.set.__base__"),
        (b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aNsb.", "a state set on dict"),  # BUILD
        (
            b"\x80\x02ctorch._utils\n_rebuild_parameter\nN}X\x0c\x00\x00\x00__defaults__)s\x86b.",
            "a state set on function",
        ),
        (b"\x80\x02cdnnlib.util\nEasyDict\n}X\x01\x00\x00\x00aNsb.", "a state set on type"),
        (b"\x80\x02\x82\x01.", "extension 1"),  # EXT1
        (b"Pos.system\n.", "outside of the file"),  # PERSID
        (b"\x80\x03cnumpy\ndtype\nX\x01\x00\x00\x00O\x85R.", "numpy.dtype('O')"),
        (b"\x80\x03cdnnlib.tflib.network\nNetwork\n)R.", "convert it with legacy.py"),
    ],
)
def test_other_opcodes_reach_nothing_either(tmp_path: Path, opcodes: bytes, name: str) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pkl"
    path.write_bytes(opcodes.replace(b"MARK", bytes(mark)) if b"touch" in opcodes else opcodes)
    with pytest.raises(CheckpointError) as refused:
        read_nvidia_pickle(path)
    assert name in str(refused.value) and str(path) in str(refused.value)
    assert not mark.exists()
    assert nvidia_pickle._parameter.__defaults__ is None


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ((0, (1 << 40,), (0,)), "shape"),  # a value repeated, which would fill memory when it is copied
        ((4, (4, 4), (4, 1)), "out of bounds"),
        ((0, (4, 4), (400, 1)), "out of bounds"),
        ((-1, (2,), (1,)), "offset"),
    ],
)
def test_a_tensor_stays_in_its_storage(tmp_path: Path, view: tuple[Any, ...], reason: str) -> None:
    path = tmp_path / "hostile.pkl"
    storage = Call("torch.storage _load_from_bytes", (storage_bytes(torch.zeros(16)),))
    path.write_bytes(stream({"G_ema": Call("torch._utils _rebuild_tensor_v2", (storage, *view, False, {}))}))
    with pytest.raises(CheckpointError, match=reason):
        read_nvidia_pickle(path)


def test_numbers_in_a_stream_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "hostile.pkl"
    long = b"\xff" * 7 + b"\x7f"
    # A memo of 2³¹ places, bytes and a frame of 2⁶³, bytes of 2³¹.
    for claim in (b"]r\xff\xff\xff\x7f", b"\x8e" + long, b"\x95" + long, b"B\xff\xff\xff\x7f"):
        path.write_bytes(b"\x80\x04" + claim + b".")
        with pytest.raises(CheckpointError, match=r"hostile.pkl: (not a whole|expected a dict)"):
            read_nvidia_pickle(path)


@pytest.fixture(scope="module")
def whole() -> bytes:
    return stream({"training_set_kwargs": {"path": "ffhq.zip"}, "G_ema": layer()})


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 0.9999))
def test_a_file_cut_anywhere_is_refused_in_one_sentence(whole: bytes, tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.pkl"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError) as refused:
        read_nvidia_pickle(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans(), st.integers(0, 2000))
def test_any_bytes_are_refused_or_are_a_dictionary(
    whole: bytes, tmp_path: Path, content: bytes, inside: bool, place: int
) -> None:
    path = tmp_path / "any.pkl"
    path.write_bytes(whole[:place] + content + whole[place + len(content) :] if inside else b"\x80\x04" + content)
    try:
        read = read_nvidia_pickle(path)
    except CheckpointError as refused:
        assert str(path) in str(refused) and "\n" not in str(refused)
    else:
        assert isinstance(read, dict)


def test_files_are_recognised_by_their_first_bytes(whole: bytes) -> None:
    assert is_nvidia_pickle(whole)
    assert is_nvidia_pickle(stream({"G": layer()}, protocol=4))
    assert is_nvidia_pickle(b"\x80\x03cdnnlib.tflib.network\nNetwork\n")
    published = io.BytesIO()
    torch.save({"g_ema": {"weight": torch.zeros(4)}}, published, _use_new_zipfile_serialization=False)
    assert not is_nvidia_pickle(published.getvalue())
    assert not is_nvidia_pickle(b"")
