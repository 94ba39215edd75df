"""Files that want code to be run, or are damaged: refused by name, and nothing happens."""

import argparse
import io
import os
import pickle
import struct
import subprocess
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import CheckpointError
from weights.read_checkpoint import read_checkpoint
from weights.write_checkpoint import save_weights


class Planted:
    """Calls something when it is unpickled by anything that trusts it."""

    def __init__(self, call: object, *arguments: object):
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call, self.arguments


def planted(mark: Path) -> dict[str, Any]:
    """Ways to get a file touched, and the name that each is refused by."""
    touch = f"touch {mark}"
    return {
        "posix.system": Planted(os.system, touch),
        "subprocess.Popen": Planted(subprocess.Popen, ["touch", str(mark)]),
        "builtins.eval": Planted(eval, f"open({str(mark)!r}, 'w')"),
        "builtins.exec": Planted(exec, f"open({str(mark)!r}, 'w')"),
        "builtins.getattr": Planted(getattr, Planted(__import__, "os"), "system"),
        "io.open": Planted(open, str(mark), "w"),
    }


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("name", planted(Path("x")))
def test_what_a_file_wants_to_call_is_named_and_not_called(tmp_path: Path, name: str, depth: int, zipped: bool) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pt"
    content = planted(mark)[name]
    for _ in range(depth):
        content = {"state_dict": OrderedDict(weight=torch.zeros(2), more=[content])}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match="without executing code") as refused:
        read_checkpoint(path)
    assert name.split(".")[-1] in str(refused.value) or "__import__" in str(refused.value)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_of_every_protocol_run_nothing(tmp_path: Path, protocol: int) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pkl"
    path.write_bytes(pickle.dumps({"g_ema": Planted(os.system, f"touch {mark}")}, protocol=protocol))
    with pytest.raises(CheckpointError):
        read_checkpoint(path)
    assert not mark.exists()


def test_the_oldest_opcodes_run_nothing(tmp_path: Path) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pkl"
    for stream in (f"(S'touch {mark}'\nios\nsystem\n.", f"cos\nsystem\n(S'touch {mark}'\ntR."):
        path.write_bytes(stream.encode())
        with pytest.raises(CheckpointError):
            read_checkpoint(path)
        archive = tmp_path / "hostile.pt"
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("archive/data.pkl", stream)
            zipped.writestr("archive/version", "3\n")
        with pytest.raises(CheckpointError):
            read_checkpoint(archive)
    assert not mark.exists()


def test_the_options_of_a_training_are_read_as_plain_values(tmp_path: Path) -> None:
    options = argparse.Namespace(encoder_type="ProgressiveBackboneEncoder", output_size=1024)
    torch.save({"state_dict": {"a": torch.ones(2)}, "opts": options}, tmp_path / "e4e.pt")
    content, metadata = read_checkpoint(tmp_path / "e4e.pt")
    assert vars(content["opts"]) == vars(options)
    assert metadata == {}
    options.planted = Planted(os.system, "true")
    torch.save({"opts": options}, tmp_path / "e4e.pt")
    with pytest.raises(CheckpointError, match="system"):
        read_checkpoint(tmp_path / "e4e.pt")


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """The bytes of one small checkpoint in each format."""
    state = {"g_ema": {"weight": torch.arange(64.0)}, "latent_avg": torch.zeros(8)}
    zipped, legacy = io.BytesIO(), io.BytesIO()
    torch.save(state, zipped)
    torch.save(state, legacy, _use_new_zipfile_serialization=False)
    return {"zip": zipped.getvalue(), "legacy": legacy.getvalue()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["zip", "legacy"]), st.floats(0, 0.999))
def test_a_file_cut_anywhere_is_refused_in_one_sentence(
    whole: dict[str, bytes], tmp_path: Path, kind: str, share: float
) -> None:
    path = tmp_path / "cut.pt"
    path.write_bytes(whole[kind][: int(share * len(whole[kind]))])
    with pytest.raises(CheckpointError) as refused:
        read_checkpoint(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_are_a_dictionary(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    try:
        read, _ = read_checkpoint(path)
    except CheckpointError as refused:
        assert str(path) in str(refused)
    else:
        assert isinstance(read, dict)


@pytest.mark.parametrize("opcode", [b"\x8e", b"\x8d", b"\x95", b"\x96"], ids=["bytes", "text", "frame", "bytearray"])
def test_a_length_that_no_file_has_takes_no_memory(tmp_path: Path, opcode: bytes) -> None:
    path = tmp_path / "g.pt"
    path.write_bytes(b"\x80\x05" + opcode + struct.pack("<Q", 2**60) + b"x.")
    with pytest.raises(CheckpointError, match=r"g\.pt: "):
        read_checkpoint(path)


def test_our_own_files_are_mapped_and_not_read(tmp_path: Path) -> None:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux says what a process has mapped")
    path = tmp_path / "ours.safetensors"
    save_weights(path, {"weight": torch.ones(1000, 1000)}, {"architecture": "test"}, half=False)
    content, metadata = read_checkpoint(path)
    assert str(path) in maps.read_text()
    assert metadata == {"architecture": "test"}
    assert content["weight"].sum() == 1e6
