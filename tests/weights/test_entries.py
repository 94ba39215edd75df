"""What trainers wrap around a state is looked through, and what they put beside it is left out."""

import argparse
import collections
import contextlib
import datetime
import pathlib
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from common.errors import CheckpointError
from tests.weights.made_nvidia import generator as nvidia_generator
from tests.weights.small import CHANNELS, LOADERS, STATES, generator_state, inverter_state, saved, wrapped
from tests.weights.test_nvidia_pickle import stream
from weights.import_checkpoint import import_checkpoint
from weights.load_networks import load_generator, load_inverter, load_landmarks, part_of
from weights.networks.fan import LandmarkNetwork
from weights.networks.stylegan2 import Generator
from weights.nvidia_pickle import PersistentObject
from weights.read_checkpoint import read_checkpoint


def under(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in state.items()}


@pytest.fixture(scope="module")
def real() -> Generator:
    torch.manual_seed(3)
    return Generator(16, channels=CHANNELS, mapping_layers=1).eval()


WRAPPINGS = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "generator": lambda state: {"generator": state},
    "params_ema": lambda state: {"params": {k: v + 1 for k, v in state.items()}, "params_ema": state},
    "ema": lambda state: {"ema": state},
    "model_ema": lambda state: {"model_ema": state, "model": {k: v + 1 for k, v in state.items()}},
    "G_ema of a state": lambda state: {"G_ema": state},
    "module.": lambda state: {"g_ema": under("module.", state)},
    "_orig_mod.": lambda state: {"g_ema": under("_orig_mod.", state)},
    "both": lambda state: {"g_ema": under("_orig_mod.module.", state)},
    "Lightning": lambda state: {"state_dict": under("G.", state), "pytorch-lightning_version": "1.9"},
    "generator.": lambda state: {
        "state_dict": under("generator.", state) | under("discriminator.", {"a": torch.ones(1)})
    },
    "nested": lambda state: {"g_ema": {"g_ema": state}},
    "deeper": lambda state: {"checkpoint": {"models": {"g_ema": state}}},
    "ordered": lambda state: {"g_ema": collections.OrderedDict(state)},
    "arrays": lambda state: {"g_ema": {name: value.numpy() for name, value in state.items()}},
    "parameters": lambda state: {"g_ema": {name: nn.Parameter(value) for name, value in state.items()}},
    "double": lambda state: {"g_ema": {name: value.double() for name, value in state.items()}},
    "with the average inside": lambda state: {"state_dict": state | {"latent_avg": torch.ones(512)}},
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.slow
def test_a_generator_is_found_in_what_is_wrapped_around_it(
    real: Generator, tmp_path: Path, wrapping: str, zipped: bool
) -> None:
    path = saved(tmp_path / "g.pt", WRAPPINGS[wrapping](dict(real.state_dict())), zipped)
    assert load_generator(path).fingerprint == real.fingerprint
    assert part_of(path) == "generator"
    assert load_generator(import_checkpoint(path, tmp_path / "made")).fingerprint == real.fingerprint


@pytest.mark.parametrize("part", ["inverter", "identity", "landmarks"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
@pytest.mark.parametrize("entry", ["state_dict", "", "model"])
@pytest.mark.slow
def test_other_networks_are_found_too(tmp_path: Path, part: str, prefix: str, entry: str) -> None:
    state = under(prefix, STATES[part]())
    path = saved(tmp_path / "any.pt", {entry: state, "epoch": 1} if entry else state)
    with pytest.warns(UserWarning) if part == "inverter" else contextlib.nullcontext():
        assert LOADERS[part](path)
    assert part_of(path) == part


def test_a_state_without_metadata_in_safetensors_is_a_published_one(real: Generator, tmp_path: Path) -> None:
    for metadata in (None, {"format": "pt"}):
        save_file(
            {name: value.contiguous() for name, value in real.state_dict().items()},
            tmp_path / "g.safetensors",
            metadata,
        )
        assert load_generator(tmp_path / "g.safetensors").fingerprint == real.fingerprint
    made = import_checkpoint(tmp_path / "g.safetensors", tmp_path / "made")
    assert load_generator(made).fingerprint == real.fingerprint
    with pytest.raises(CheckpointError, match="would be replaced"):
        import_checkpoint(tmp_path / "g.safetensors", tmp_path)


def test_the_average_of_a_training_goes_before_its_last_step(real: Generator, tmp_path: Path) -> None:
    last = {name: value + 1 for name, value in real.state_dict().items()}
    path = saved(tmp_path / "g.pt", {"g": last, "d": {"a": torch.ones(1)}, "g_ema": real.state_dict()})
    assert load_generator(path).fingerprint == real.fingerprint
    with pytest.warns(match=r"no average of its training \(g_ema\); g is taken"):
        load_generator(saved(tmp_path / "raw.pt", {"g": last, "d": {"a": torch.ones(1)}}))


def test_of_several_that_are_alike_none_is_chosen(real: Generator, tmp_path: Path) -> None:
    state = real.state_dict()
    with pytest.raises(CheckpointError, match=r"holds several such networks \(first, second\)"):
        load_generator(saved(tmp_path / "two.pt", {"first": state, "second": state}))
    both = under("G_A.", state) | under("G_B.", state)
    with pytest.raises(CheckpointError, match=r"\(state_dict.G_A, state_dict.G_B\)"):
        load_generator(saved(tmp_path / "two.pt", {"state_dict": both}))


class EasyDict(dict[str, Any]):
    """As the package easydict has it."""


EXTRAS: dict[str, Any] = {
    "path": pathlib.PosixPath("/data/ffhq"),
    "pure path": pathlib.PureWindowsPath("C:/data"),
    "loss": np.float64(0.5),
    "small loss": np.float32(0.3),
    "flag": np.bool_(True),
    "count": np.int64(3),
    "mean": np.zeros(3, np.float32),
    "when": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
    "took": datetime.timedelta(seconds=3),
    "device": torch.device("cuda:0"),
    "dtype": torch.float16,
    "size": torch.Size([1, 2]),
    "args": argparse.Namespace(size=16, path=pathlib.PosixPath("x"), device=torch.device("cpu")),
    "easy": EasyDict(a=1, b=[np.float64(1)]),
    "lists": collections.defaultdict(list, a=[1]),
    "counts": collections.Counter("aab"),
    "queue": collections.deque([1, 2], maxlen=3),
    "names": {"a", "b"},
    "frozen": frozenset({1}),
    "bytes": b"abc",
    "complex": 1j,
    "simple": types.SimpleNamespace(a=1),
    "random": np.random.get_state(),
    "generator": np.random.default_rng(0),
    "optimizer": {  # what Adam's `state_dict` gives; making one imports PyTorch's compiler, which takes seconds
        "state": {0: {"step": torch.tensor(1.0), "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2)}},
        "param_groups": [{"lr": 0.001, "betas": (0.9, 0.999), "fused": None, "amsgrad": False, "params": [0]}],
    },
    "module": nn.Sequential(nn.Linear(2, 2)),
    "sparse": torch.eye(3).to_sparse(),
    "eight bits": torch.ones(2, dtype=torch.float8_e4m3fn),
    "kind": int,
    "function": torch.nn.functional.relu,
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("extra", EXTRAS)
def test_what_trainers_put_beside_a_state_is_left_out(
    real: Generator, tmp_path: Path, extra: str, zipped: bool
) -> None:
    content = {"g_ema": real.state_dict(), extra.replace(" ", "_"): EXTRAS[extra], "all": [EXTRAS[extra]]}
    assert load_generator(saved(tmp_path / "g.pt", content, zipped)).fingerprint == real.fingerprint


@pytest.mark.slow
def test_what_can_be_made_anew_is(real: Generator, tmp_path: Path) -> None:
    state = real.state_dict()
    bare = {name: value for name, value in state.items() if not name.endswith("kernel")}
    assert load_generator(saved(tmp_path / "g.pt", {"g_ema": bare})).fingerprint == real.fingerprint
    bare = {name: value for name, value in state.items() if not name.startswith("noises.")}
    with pytest.warns(match="holds no noise images; new ones are made, the same for each load"):
        first, second = (load_generator(saved(tmp_path / f"{n}.pt", {"g_ema": bare})) for n in "ab")
    assert first.fingerprint == second.fingerprint
    assert 0.5 < first.noises.layer(4).std() < 1.5
    for part in ("inverter", "identity", "landmarks"):
        counted = {name: value for name, value in STATES[part]().items() if not name.endswith("num_batches_tracked")}
        LOADERS[part](saved(tmp_path / "counted.pt", wrapped(part, counted)))


def test_an_inverters_missing_average_is_its_decoders(tmp_path: Path) -> None:
    content = wrapped("inverter", inverter_state())
    del content["latent_avg"]
    with pytest.warns(match="holds no latent_avg"):
        loaded = load_inverter(saved(tmp_path / "e.pt", content))
    torch.testing.assert_close(loaded.latent_avg, loaded.decoder.measure_latent_avg().expand(6, 512))


def test_a_pickled_module_is_read_without_its_class(
    real: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("models.stylegan2.model")
    kind = type("Generator", (Generator,), {"__module__": module.__name__})
    monkeypatch.setattr(module, "Generator", kind, raising=False)
    for name in ("models", "models.stylegan2"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    network = kind(16, channels=CHANNELS, mapping_layers=1)
    network.load_state_dict(real.state_dict())
    paths = [
        saved(tmp_path / "whole.pt", network),
        saved(tmp_path / "stit.pt", {"generator": network, "pivots": torch.ones(1), "latents": None}),
        saved(tmp_path / "parallel.pt", nn.DataParallel(network), zipped=False),
    ]
    for name in ("models", "models.stylegan2", "models.stylegan2.model"):
        monkeypatch.delitem(sys.modules, name)
    for path in paths:
        assert load_generator(path).fingerprint == real.fingerprint
        assert part_of(path) == "generator"


def test_nvidias_networks_are_read_from_torch_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ada.pkl").write_bytes(stream({"notes": "x" * 70_000, "G_ema": nvidia_generator(16, 2, "ada")}, 4))
    expected = load_generator(tmp_path / "ada.pkl")

    persistence = types.ModuleType("torch_utils.persistence")
    exec("def _reconstruct_persistent_obj(meta): raise SystemExit", vars(persistence))
    monkeypatch.setitem(sys.modules, "torch_utils", types.ModuleType("torch_utils"))
    monkeypatch.setitem(sys.modules, "torch_utils.persistence", persistence)

    class Persistent:
        def __init__(self, record: PersistentObject):
            self.record = record

        def __reduce__(self) -> Any:
            state = {name: _saved_as(value) for name, value in self.record.state.items()}
            meta = {"type": "class", "version": 6, "module_src": "raise SystemExit", "state": state}
            return persistence._reconstruct_persistent_obj, (meta | {"class_name": self.record.class_name},)

    def _saved_as(value: Any) -> Any:
        if isinstance(value, PersistentObject):
            return Persistent(value)
        return {name: _saved_as(one) for name, one in value.items()} if isinstance(value, dict) else value

    network = Persistent(nvidia_generator(16, 2, "ada"))
    for content in (network, {"G_ema": network}, {"generator": network, "pivots": torch.ones(1)}):
        assert load_generator(saved(tmp_path / "pti.pt", content)).fingerprint == expected.fingerprint


@pytest.mark.slow
def test_a_traced_network_is_read_as_its_tensors(tmp_path: Path) -> None:
    network = LandmarkNetwork(1, 64).eval()
    torch.jit.save(torch.jit.trace(network.network, torch.zeros(1, 3, 64, 64), strict=False), tmp_path / "2DFAN.zip")
    loaded = load_landmarks(tmp_path / "2DFAN.zip").network.state_dict()
    for name, value in network.network.state_dict().items():
        torch.testing.assert_close(loaded[name], value)
    torch.jit.save(torch.jit.trace(nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)), tmp_path / "other.pt")
    with pytest.raises(
        CheckpointError, match=r"found a TorchScript archive of another network.*Get 2DFAN4-11f355bf06\.pth\.tar with"
    ):
        load_landmarks(tmp_path / "other.pt")


def test_another_programs_state_is_described(tmp_path: Path) -> None:
    unet = {"model.diffusion_model.input_blocks.0.0.weight": torch.ones(3)}
    path = saved(tmp_path / "sd.pt", {"state_dict": unet})
    for part, load in LOADERS.items():
        with pytest.raises(CheckpointError, match="state_dict holds model.diffusion_model.input_blocks"):
            load(path)
        assert part
    with pytest.raises(CheckpointError, match="expected one of the networks generator, inverter, identity, landmarks"):
        part_of(path)


def test_values_that_are_left_out_are_plain(tmp_path: Path) -> None:
    content, _ = read_checkpoint(saved(tmp_path / "x.pt", {"a": EXTRAS["path"], "b": np.float64(2), "c": np.ones(2)}))
    assert (content["a"], content["b"]) == ("/data/ffhq", 2.0)
    np.testing.assert_array_equal(content["c"], np.ones(2))
    assert generator_state()
