"""Which runtime runs a network: decided here and nowhere else.

| device | runs | where |
|---|---|---|
| CPU | OpenVINO, float32 | its package is installed: Linux, Windows, macOS on arm64 |
| CPU | PyTorch | anywhere else, and for gradients |
| CUDA | PyTorch, the generator in mixed precision | `stages.execution.mixed_precision` |

$MICROMOTION_EXECUTOR, `torch` or `openvino`, overrides the choice.
"""

import hashlib
import os
import warnings
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor

from common.errors import CheckpointError
from common.install_hints import PIP
from stages.execution import openvino_runtime
from stages.execution.graph_store import StoredGraph, stored_graph
from stages.execution.mixed_precision import MixedPrecision
from weights import networks
from weights.networks.fingerprint import fingerprint
from weights.networks.running import RunnableNetwork
from weights.networks.stylegan2 import Generator

# Of the largest value: a graph that differs by more from PyTorch computes something else. Rounding alone makes 1e-5.
TOLERANCE = 1e-4
EXECUTORS = ("torch", "openvino")
Network = TypeVar("Network", bound=RunnableNetwork)


def chosen_executor() -> str:
    """The executor of networks on the CPU: `torch` or `openvino`.

    Raises:
        CheckpointError: $MICROMOTION_EXECUTOR names another, or one that is not installed.
    """
    asked = os.environ.get("MICROMOTION_EXECUTOR", "")
    if asked and asked not in EXECUTORS:
        raise CheckpointError(f'MICROMOTION_EXECUTOR: expected {" or ".join(EXECUTORS)}, found "{asked}".')
    there = openvino_runtime.runtime() is not None
    if asked == "openvino" and not there:
        raise CheckpointError(f"MICROMOTION_EXECUTOR is openvino, which is not installed: {PIP} openvino.")
    return asked or ("openvino" if there else "torch")


def accelerated(network: Network, device: str) -> Network:
    """The network itself, to be run by the fastest executor for its device; nothing is compiled before its first run.

    Raises:
        CheckpointError: as `chosen_executor` does.
    """
    kind = torch.device(device).type
    if kind == "cpu" and chosen_executor() == "openvino":
        network.runner = CompiledNetwork(network)
    elif kind == "cuda" and isinstance(network, Generator) and os.environ.get("MICROMOTION_EXECUTOR") != "torch":
        network.runner = MixedPrecision(network)
    return network


class CompiledGraph:
    """A compiled graph: shared by all networks of a process that hold the same values.

    Args:
        request: runs it.
        source: what it was compiled of, which the runtime may go on reading.
    """

    def __init__(self, request: Any, source: StoredGraph):
        self.request, self.source = request, source


_graphs: WeakValueDictionary[str, CompiledGraph] = WeakValueDictionary()


class CompiledNetwork:
    """Runs a network in OpenVINO: whole batches of `network.batch`, what is left over one by one.

    Gradients, and networks that cannot be converted, are left to PyTorch.

    Args:
        network: in evaluation mode, on the CPU; its values stay as they are.
    """

    def __init__(self, network: RunnableNetwork):
        # A module's attribute that points back to it must not become one of its submodules.
        self._network = network
        self._graphs: dict[int, CompiledGraph | None] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        if not len(batch) or (batch.requires_grad and torch.is_grad_enabled()):
            return self._network.compute(batch)
        parts = []
        for part in batch.split(self._network.batch):
            single = len(part) < self._network.batch
            parts += [self._run(item) for item in (part.split(1) if single else (part,))]
        return torch.cat(parts)

    def _run(self, batch: Tensor) -> Tensor:
        count = len(batch)
        if count not in self._graphs:
            self._graphs[count] = self._compile(count)
        graph = self._graphs[count]
        if graph is None:
            return self._network.compute(batch)
        found = graph.request.infer([batch.detach().contiguous().numpy()], share_inputs=True)
        return torch.from_numpy(found[0])

    def _compile(self, count: int) -> CompiledGraph | None:
        """The graph for batches of `count`; None where the runtime cannot do it, which PyTorch then does."""
        threads = torch.get_num_threads()
        name = f"{type(self._network).__name__.lower()}-{count}-{self._key(count)}.graph"
        shared = _graphs.get(f"{name} {threads}")
        if shared is not None:
            return shared
        try:
            stored = stored_graph(name, lambda: self._convert(count))
            graph = CompiledGraph(openvino_runtime.compile_graph(stored.content, threads), stored)
            stored.release()
        except RuntimeError as error:
            kind, reason = type(self._network).__name__, str(error).strip().splitlines()[-1]
            warnings.warn(f"{kind} runs in PyTorch, for OpenVINO cannot run it: {reason}", stacklevel=2)
            return None
        _graphs[f"{name} {threads}"] = graph
        return graph

    def _convert(self, count: int) -> bytes:
        """The graph, compared with PyTorch before anyone uses it.

        Raises:
            RuntimeError: it computes something else.
        """
        graph = openvino_runtime.convert(self._network, count)
        example = self._network.example(count)
        with torch.no_grad():
            expected = self._network.compute(example).numpy()
        content = np.frombuffer(bytearray(graph), np.uint8)
        request = openvino_runtime.compile_graph(content, torch.get_num_threads())
        error = float(np.abs(request.infer([example.numpy()])[0] - expected).max())
        if not error <= TOLERANCE * float(np.abs(expected).max()):
            raise RuntimeError(f"its result is {error:.2g} away, expected at most {TOLERANCE:g} of the largest value")
        return graph

    def _key(self, count: int) -> str:
        """A hash of all that a graph depends on."""
        parts = (self._values, str(count), openvino_runtime.machine(), torch.__version__, _source())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    @cached_property
    def _values(self) -> str:
        return fingerprint(self._network.state_dict(), repr(self._network))


@cache
def _source() -> str:
    """A hash of the code that graphs are made of: another release may compute otherwise with the same values."""
    places = (*networks.__path__, str(Path(__file__).parent))
    files = sorted(path for place in places for path in Path(place).glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
