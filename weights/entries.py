"""Find the networks in a published file, and the keys around them, by the names of their tensors.

The publishers save `g_ema`, `state_dict` or the bare state; others wrap the same names into `params_ema`, `generator`,
`module.` of a parallel training, `_orig_mod.` of a compiled one, `G.` of a Lightning module; or save the whole module
with its class. Any of these is looked through: a state is one in which at least two tensors bear a network's names,
and what stands before them is taken off.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from common.errors import CheckpointError
from weights.nvidia_pickle import PersistentObject
from weights.registry import ModelPart
from weights.torch_pickle import Record

DEPTH = 4  # dictionaries in dictionaries that are looked into
# An inverter is asked for first: its decoder bears a generator's names.
SIGNATURES: dict[ModelPart, tuple[str, ...]] = {
    "inverter": (
        "encoder.input_layer.0.weight",
        "encoder.input_layer.1.weight",
        "encoder.styles.0.linear.weight",
        "encoder.body.0.res_layer.1.weight",
    ),
    "generator": (
        "input.input",
        "conv1.conv.weight",
        "conv1.activate.bias",
        "to_rgb1.conv.weight",
        "convs.0.conv.weight",
        "style.1.weight",
    ),
    "identity": ("output_layer.0.weight", "output_layer.3.weight", "output_layer.3.bias", "output_layer.4.weight"),
    "landmarks": ("m0.b1_4.bn1.weight", "m0.b2_4.bn1.weight", "top_m_0.conv1.weight", "conv_last0.weight"),
}
FIRST = ("g_ema", "G_ema")  # as they are published
TRAINED = ("g", "G")  # what is trained, beside its average
RAW = 3  # the rank of these


@dataclass(frozen=True)
class Entry:
    """A network's state inside of a file.

    Attributes:
        part: which network.
        route: the names under which it lies, from the outermost; none for a bare state.
        state: values by the network's own names; or NVIDIA's record of a generator.
        around: what lies beside it, from the innermost dictionary to the outermost.
    """

    part: ModelPart
    route: tuple[str, ...]
    state: dict[str, Any] | PersistentObject
    around: tuple[Mapping[str, Any], ...]

    def beside(self, name: str) -> Any:
        """A value that lies in the state or beside it, or None."""
        inside = self.state if isinstance(self.state, dict) else {}
        found = (place[name] for place in (inside, *self.around) if place.get(name) is not None)
        return as_tensor(next(found, None))

    @property
    def rank(self) -> int:
        """Which is taken where a file holds several: an average of the training before the last step."""
        name = self.route[-1] if self.route else ""
        if name in FIRST:
            return 0
        if "ema" in name.lower() or name == "g_running":
            return 1
        return RAW if name in TRAINED else 2

    def __str__(self) -> str:
        return ".".join(self.route) or "the file itself"


def entries_in(content: Mapping[str, Any]) -> list[Entry]:
    """Every network that a file's content holds, the first choice first.

    Args:
        content: as `weights.read_checkpoint.read_checkpoint` gives it for a file that is not ours.
    """
    return sorted(_entries(content, (), ()), key=lambda entry: entry.rank)


def entry_of(content: Mapping[str, Any], part: ModelPart, path: Path) -> Entry | None:
    """The state of one kind of network in a file, or None if there is none.

    Raises:
        CheckpointError: there are several, and none goes before the others.
    """
    found = [entry for entry in entries_in(content) if entry.part == part]
    if not found:
        return None
    best = [entry for entry in found if entry.rank == found[0].rank]
    if len(best) > 1:
        names = ", ".join(map(str, best))
        raise CheckpointError(f"{path}: holds several such networks ({names}). Save the one that you want alone.")
    return best[0]


def summary_of(content: Mapping[str, Any]) -> str:
    """What a file holds, in a few words, and what the first entry holds where that is a state."""
    whole = content.get("")
    if len(content) == 1 and isinstance(whole, Record):
        if whole.name.startswith("__torch__"):
            return f"a TorchScript archive of another network ({whole.name.rpartition('.')[2]})"
        return f"a pickled object without its tensors ({whole.name[:60]})"
    if len(content) == 1 and isinstance(whole, PersistentObject):
        return f"a network of NVIDIA's that is no StyleGAN2 generator ({whole.class_name[:60]})"
    names = list(content)[:3]
    listed = f"{len(content)} entries ({', '.join(name[:60] for name in names)}{', …' if len(content) > 3 else ''})"
    for name, value in content.items():
        if isinstance(value, Record) and name not in ("args", "opts"):
            return f"{listed}, of which {name[:60]} is an object without a network's tensors ({value.name[:60]})"
        if isinstance(value, Mapping) and not isinstance(value, Record) and value:
            return f"{listed}, of which {name[:60]} holds {', '.join(str(inner)[:60] for inner in list(value)[:2])}"
        if name in ("g_ema", "G_ema", "state_dict"):
            return f"{listed}, of which {name} is no state but {type(value).__name__}"
    return listed


def _entries(content: Any, route: tuple[str, ...], around: tuple[Mapping[str, Any], ...]) -> Iterator[Entry]:
    if isinstance(content, PersistentObject):
        modules = content.state.get("_modules")
        if isinstance(modules, dict) and "synthesis" in modules:
            yield Entry("generator", route, content, around)
        return
    if isinstance(content, Record):
        flat = dict(_flat(content, "", 0))
        yield from _states(flat, route, around)
        return
    if not isinstance(content, dict) or len(route) > DEPTH:
        return
    named = {name: value for name, value in content.items() if isinstance(name, str)}
    found = list(_states(named, route, around))
    yield from found
    if not found:
        for name, value in named.items():
            yield from _entries(value, (*route, name) if name else route, (named, *around))


def _states(state: dict[str, Any], route: tuple[str, ...], around: tuple[Mapping[str, Any], ...]) -> Iterator[Entry]:
    """The networks whose tensors share one dictionary."""
    for part, signature in SIGNATURES.items():
        before = Counter(
            name.removesuffix(mark) for mark in signature for name in state if name == mark or name.endswith(f".{mark}")
        )
        prefixes = [prefix for prefix, count in before.items() if count > 1]
        for prefix in prefixes:
            yield Entry(part, _route_of(route, prefix, prefixes), _strip_prefix(state, prefix), around)
        if part == "inverter" and prefixes:
            return


def _route_of(route: tuple[str, ...], prefix: str, prefixes: list[str]) -> tuple[str, ...]:
    """Where a state is: the key before its names counts where a file has several states."""
    return (*route, *prefix.strip(".").split(".")) if len(prefixes) > 1 and prefix else route


def _strip_prefix(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values under a prefix without it, arrays as tensors."""
    return {name.removeprefix(prefix): as_tensor(value) for name, value in state.items() if name.startswith(prefix)}


def as_tensor(value: Any) -> Any:
    """A numpy array of numbers as a tensor; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.ascontiguousarray(value.astype(value.dtype.newbyteorder("="))).reshape(value.shape))
    return value


def _flat(record: Record, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The tensors of a pickled or traced module by their names in its state."""
    if not isinstance(record.state, dict) or depth > 32:
        return
    attributes = dict(record.state)
    for group in ("_parameters", "_buffers", "_modules"):
        members = attributes.pop(group, None)
        attributes |= members if isinstance(members, dict) else {}
    for name, value in attributes.items():
        if isinstance(value, Record):
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, Tensor):
            yield f"{prefix}{name}", value
