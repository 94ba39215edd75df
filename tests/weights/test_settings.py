"""Files of ours whose metadata are somebody else's, or damaged."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import CheckpointError
from tests.weights.small import LOADERS, STATES, saved, wrapped
from weights.import_checkpoint import import_checkpoint, to_stored
from weights.load_networks import part_of
from weights.write_checkpoint import save_weights

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 1 << 70) | st.floats() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Tensors and metadata of a small generator and a small inverter."""
    made: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for part in ("generator", "inverter"):
        path = saved(tmp_path_factory.mktemp("ours") / "published.pt", wrapped(part, STATES[part]()))
        state, metadata = to_stored(LOADERS[part](path))
        made[part] = ({name: value.contiguous() for name, value in state.items()}, metadata)
    return made


def changed(metadata: dict[str, Any], place: int, value: Any) -> dict[str, Any]:
    """Metadata with one of their values, at any depth, replaced."""
    made = copy.deepcopy(metadata)
    places: list[tuple[Any, Any]] = []

    def walk(inside: Any) -> None:
        for key in list(inside if isinstance(inside, dict) else range(len(inside))):
            places.append((inside, key))
            if isinstance(inside[key], dict | list):
                walk(inside[key])

    walk(made)
    inside, key = places[place % len(places)]
    inside[key] = value
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["generator", "inverter"]), st.integers(0, 40), JSON)
@pytest.mark.slow
def test_no_metadata_bring_a_loader_down(ours: Any, tmp_path: Path, part: str, place: int, value: Any) -> None:
    state, metadata = ours[part]
    small = {name: tensor for name, tensor in state.items() if tensor.numel() < 1000}  # never whole: always refused
    path = tmp_path / "odd.safetensors"
    save_weights(path, small, changed(metadata, place, value), half=False)
    with pytest.raises(CheckpointError) as refused:
        LOADERS[part](path)
    assert str(refused.value).startswith(str(path)) and "\n" not in str(refused.value)


SIZED = {"architecture": "stylegan2", "mapping_layers": 8, "mapping_lr": 0.1}


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"architecture": "stylegan2"}, r"its metadata describe no network \(resolution: field required\)"),
        ({"architecture": '["stylegan2"]'}, "found \\['stylegan2'\\]"),
        ({"architecture": "sdxl"}, "expected architecture stylegan2, found sdxl"),
        (
            {
                "architecture": "stylegan2",
                "resolution": "16",
                "channels": "none",
                "mapping_layers": 8,
                "mapping_lr": 0.1,
            },
            r"\(channels: input should be a valid dictionary\)",
        ),
        (
            SIZED | {"resolution": 17, "channels": {}},
            "expected a power of two from 8 to 2048, found 17",
        ),
        (
            {
                "architecture": "stylegan2",
                "resolution": 8,
                "channels": {"4": 8},
                "mapping_layers": 8,
                "mapping_lr": 0.1,
            },
            "expected one each for 4, 8",
        ),
    ],
)
def test_metadata_that_describe_no_generator_are_told(tmp_path: Path, metadata: dict[str, Any], said: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_weights(path, {"a": torch.ones(2)}, metadata)
    with pytest.raises(CheckpointError, match=said):
        LOADERS["generator"](path)
    with pytest.raises(CheckpointError):
        import_checkpoint(path, tmp_path / "made")


def test_an_unknown_architecture_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    for name in ("sdxl", '["stylegan2"]', "3"):
        save_weights(path, {"a": torch.ones(2)}, {"architecture": name})
        with pytest.raises(CheckpointError, match="expected one of the architectures stylegan2, restyle, irse, fan"):
            part_of(path)
