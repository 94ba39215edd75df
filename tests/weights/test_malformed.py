"""No file brings the loaders down: whatever is wrong with a state, a sentence names the file, and mostly the tensor."""

import collections
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from common.errors import CheckpointError
from tests.weights.small import LOADERS, STATES, generator_state, saved, wrapped
from weights.import_checkpoint import import_checkpoint
from weights.load_networks import load_generator, part_of

PARTS = tuple(STATES)
STATE = {part: functools.cache(make) for part, make in STATES.items()}
# What a tensor may be instead of itself.
INSTEAD: dict[str, Callable[[Tensor], Any]] = {
    "nothing": lambda tensor: None,
    "a number": lambda tensor: 3.0,
    "a text": lambda tensor: "x",
    "a list": lambda tensor: [1.0, 2.0],
    "a state": lambda tensor: {"weight": tensor},
    "a module": lambda tensor: nn.Linear(2, 2),
    "of another shape": lambda tensor: torch.ones(3, 5),
    "of one dimension": lambda tensor: torch.ones(8),
    "of no dimension": lambda tensor: torch.tensor(0.5),
    "of six dimensions": lambda tensor: torch.ones(1, 1, 1, 1, 1, 1),
    "empty": lambda tensor: torch.ones(0),
    "empty in one dimension": lambda tensor: torch.ones(*tensor.shape[:-1], 0),
    "transposed": lambda tensor: tensor[..., None].transpose(0, -1),
    "one longer": lambda tensor: torch.ones(tensor.shape[0] + 1 if tensor.ndim else 2, *tensor.shape[1:]),
    "huge": lambda tensor: torch.ones(1).expand(1 << 22, 1, 1, 1),
    "not finite": lambda tensor: torch.full(tensor.shape, float("nan")),
    "infinite": lambda tensor: torch.full(tensor.shape, float("inf")),
    "beyond single precision": lambda tensor: torch.full((1,), 1e300, dtype=torch.float64).expand(tensor.shape),
    "complex": lambda tensor: torch.zeros(1, dtype=torch.complex64).expand(tensor.shape),
    "whole numbers": lambda tensor: torch.zeros(1, dtype=torch.int64).expand(tensor.shape),
    "truth values": lambda tensor: torch.zeros(1, dtype=torch.bool).expand(tensor.shape),
    "eight-bit floats": lambda tensor: torch.zeros(1, dtype=torch.float8_e4m3fn).expand(tensor.shape),
    "quantized": lambda tensor: torch.quantize_per_tensor(torch.ones(8), 0.1, 0, torch.qint8),
    "sparse": lambda tensor: torch.eye(4).to_sparse(),
    "without values": lambda tensor: torch.empty(tensor.shape, device="meta"),
}
RESHAPED = {name for name in INSTEAD if name.startswith(("of ", "transposed"))}
MENDED = {"kernel", "num_batches_tracked"}  # what is made anew when it is missing


@pytest.mark.parametrize(("instead", "says"), [(0.0, "zeros alone"), (1e30, r"values up to 1e\+30")])
@pytest.mark.parametrize("part", PARTS)
def test_values_that_no_trained_network_has_are_refused(tmp_path: Path, part: str, instead: float, says: str) -> None:
    state = STATE[part]()
    name = max((name for name in state if name.endswith(".weight")), key=lambda name: state[name].numel())
    path = saved(tmp_path / "odd.pt", wrapped(part, state | {name: torch.full_like(state[name], instead)}), True)
    assert re.search(says, refusal(part, path))


def refusal(part: str, path: Path) -> str:
    with pytest.raises(CheckpointError) as refused:
        LOADERS[part](path)
    text = str(refused.value)
    assert text.startswith(str(path)) and "\n" not in text
    return text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(PARTS), st.sampled_from(sorted(INSTEAD)))
@pytest.mark.slow
def test_a_tensor_that_is_another_thing_is_named(tmp_path: Path, data: st.DataObject, part: str, instead: str) -> None:
    state = STATE[part]()
    name = data.draw(st.sampled_from(sorted(name for name in state if not name.endswith("num_batches_tracked"))))
    other = INSTEAD[instead](state[name])
    if isinstance(other, Tensor) and instead in RESHAPED and other.shape == state[name].shape:
        return
    text = refusal(part, saved(tmp_path / "odd.pt", wrapped(part, state | {name: other}), data.draw(st.booleans())))
    assert name.removeprefix("decoder.").removeprefix("encoder.") in text or "expected" in text or "missing" in text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(PARTS))
@pytest.mark.slow
def test_a_missing_tensor_is_told_or_made_anew(tmp_path: Path, data: st.DataObject, part: str) -> None:
    state = STATE[part]()
    name = data.draw(st.sampled_from(sorted(state)))
    path = saved(tmp_path / "less.pt", wrapped(part, {key: value for key, value in state.items() if key != name}))
    if name.rpartition(".")[2] in MENDED:
        LOADERS[part](path)
        return
    assert "missing" in (text := refusal(part, path))
    assert name.removeprefix("decoder.").removeprefix("encoder.") in text


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(PARTS))
@pytest.mark.slow
def test_any_part_of_a_state_is_refused_or_whole(tmp_path: Path, data: st.DataObject, part: str) -> None:
    """A block of names that goes together, as when a file was put together from halves."""
    state = STATE[part]()
    prefixes = sorted({name.rpartition(".")[0] for name in state} | {".".join(name.split(".")[:2]) for name in state})
    lost = data.draw(st.sampled_from(prefixes))
    kept = {name: value for name, value in state.items() if not name.startswith(f"{lost}.") and name != lost}
    path = saved(tmp_path / "part.pt", wrapped(part, kept))
    gone = [name for name in state if name not in kept]
    if all(name.endswith(("kernel", "num_batches_tracked")) or "noises." in name for name in gone):
        return
    assert "missing" in (text := refusal(part, path)) or "expected" in text


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("style.8.", "style.8.bias"),
        ("to_rgbs.1.bias", "to_rgbs.1.bias"),
        ("to_rgbs.1.", "to_rgbs.1.bias"),
        ("convs.3.", "convs.3."),
        ("noises.noise_4", "noises.noise_4"),
        ("style.", "style.1.bias"),
    ],
)
def test_the_last_of_a_counted_row_is_missed(tmp_path: Path, lost: str, named: str) -> None:
    state = {name: value for name, value in generator_state().items() if not name.startswith(lost)}
    assert f"are missing, the first {named}" in refusal("generator", saved(tmp_path / "g.pt", {"g_ema": state}))


@pytest.mark.parametrize("lost", ["l3.weight", "l0.", "al2.", "top_m_3.", "m3."])
def test_the_last_of_the_stacks_is_missed(tmp_path: Path, lost: str) -> None:
    state = {name: value for name, value in STATES["landmarks"](4).items() if not name.startswith(lost)}  # type: ignore[call-arg]
    assert "tensors are missing" in refusal("landmarks", saved(tmp_path / "fan.pt", state))


@pytest.mark.parametrize("layers", [1, 2, 8, 9])
def test_a_mapping_of_another_depth_is_whole(tmp_path: Path, layers: int) -> None:
    state = {name: value for name, value in generator_state().items() if not name.startswith("style.")}
    like = generator_state()
    state |= {f"style.{n + 1}.{kind}": like[f"style.1.{kind}"] for n in range(layers) for kind in ("weight", "bias")}
    assert len(load_generator(saved(tmp_path / "g.pt", {"g_ema": state})).style) == layers + 1


def test_the_depth_that_a_training_states_goes_before_the_published_one(tmp_path: Path) -> None:
    state = generator_state()
    four = {
        name: value for name, value in state.items() if not name.startswith(tuple(f"style.{n}." for n in range(5, 9)))
    }
    assert "first style.5.bias" in refusal("generator", saved(tmp_path / "g.pt", {"g_ema": four}))
    stated = saved(tmp_path / "four.pt", {"g_ema": four, "args": {"n_mlp": 4}})
    assert len(load_generator(stated).style) == 5


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "state",
    [
        None,
        [1, 2],
        torch.ones(2),
        3,
        "x",
        {},
        {1: torch.ones(1)},
        {"a": torch.ones(3)},
        collections.OrderedDict(),
        {"": 0},
    ],
    ids=repr,
)
def test_what_is_no_state_is_told(tmp_path: Path, part: str, state: Any) -> None:
    for name in ("g_ema", "G_ema", "state_dict", ""):
        path = saved(tmp_path / "none.pt", {name: state, "latent_avg": torch.zeros(512)})
        refusal(part, path)
        with pytest.raises(CheckpointError):
            import_checkpoint(path, tmp_path / "made")


@pytest.mark.parametrize("part", ["generator", "inverter"])
@pytest.mark.parametrize(
    "average",
    [
        *(torch.ones(3), torch.tensor(0.0), torch.zeros(5, 512), torch.zeros(512, 1), torch.zeros(0)),
        *(torch.zeros(512) * float("nan"), torch.zeros(512, dtype=torch.int64), torch.zeros(2, 1, 512)),
        *(0.0, "x", [0.0] * 512),
    ],
)
def test_an_average_of_another_kind_is_told(tmp_path: Path, part: str, average: Any) -> None:
    content = wrapped(part, STATE[part]()) | {"latent_avg": average}
    assert "latent_avg" in refusal(part, saved(tmp_path / "average.pt", content))


@pytest.mark.parametrize("shape", [(512,), (1, 512), (6, 512), (1, 6, 512), (1, 1, 512)])
def test_an_average_may_be_one_style_or_all(tmp_path: Path, shape: tuple[int, ...]) -> None:
    average = torch.arange(512.0).expand(shape)
    for part in ("generator", "inverter"):
        loaded = LOADERS[part](saved(tmp_path / f"{part}.pt", wrapped(part, STATE[part]()) | {"latent_avg": average}))
        assert torch.equal(loaded.get_buffer("latent_avg").reshape(-1, 512)[0], torch.arange(512.0))


def test_a_network_of_another_part_is_named(tmp_path: Path) -> None:
    for part in PARTS:
        path = saved(tmp_path / f"{part}.pt", wrapped(part, STATE[part]()))
        assert part_of(path) == part
        for other in PARTS:
            if other != part:
                assert f"found the {part}'s network" in refusal(other, path)
