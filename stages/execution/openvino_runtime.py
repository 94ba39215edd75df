"""OpenVINO as the runtime of networks on CPUs.

The runtime alone is used: the package's converter, and the usage statistics that it sends, are never imported.
"""

import io
import sys
import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from weights.networks.running import RunnableNetwork

# Names that are kept from being imported: who sends statistics, and who calls it.
SILENCED = ("openvino_telemetry", "openvino.tools.ovc")


@cache
def runtime() -> ModuleType | None:
    """The package, or None where it is not installed, as on machines for which there is no wheel."""
    before = {name: sys.modules.get(name) for name in SILENCED}
    sys.modules.update(dict.fromkeys(SILENCED))  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError:
        return None
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
    return openvino


@cache
def core() -> Any:
    """The runtime's devices, found once in a process."""
    openvino = runtime()
    assert openvino is not None
    return openvino.Core()


@cache
def machine() -> str:
    """What a compiled graph is bound to: the runtime's version, and the processor with its instructions."""
    openvino = runtime()
    assert openvino is not None
    abilities = ",".join(sorted(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    return f"{openvino.get_version()} {core().get_property('CPU', 'FULL_DEVICE_NAME')} {abilities}"


class _Computation(nn.Module):
    """`compute` as a module's `forward`, which is what can be traced."""

    def __init__(self, network: RunnableNetwork):
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        return self.network.compute(batch)


def convert(network: RunnableNetwork, count: int) -> bytes:
    """A network's graph, compiled for batches of `count`: to be read again by `compile_graph`.

    A fixed batch lets the runtime choose layouts and memory when it compiles; open shapes take 1.45 times as long.
    """
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = network.example(count)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing remarks on every shape that is read
        traced = torch.jit.trace(_Computation(network), (example,), check_trace=False)
        frontend = FrontEndManager().load_by_framework("pytorch")
        decoder = TorchScriptPythonDecoder(traced, example_input=(example,))  # has to outlive the conversion
        graph = frontend.convert(frontend.load(decoder))
    graph.reshape(list(example.shape))
    stream = io.BytesIO()
    core().compile_model(graph, "CPU", _options(threads=1)).export_model(stream)
    return stream.getvalue()


def compile_graph(graph: np.ndarray, threads: int) -> Any:
    """A graph of `convert`, ready to run on so many threads: `infer` takes and gives arrays.

    Args:
        graph: (n,) uint8, in memory that may be written though it is not; to be kept as long as the result.
        threads: of one run.
    """
    openvino = runtime()
    assert openvino is not None
    # Where it lies: a stream would be copied twice, which is 1.6 GB for the published encoder.
    content = openvino.Tensor(graph, shared_memory=True)
    return core().import_model(content, "CPU", _options(threads)).create_infer_request()


def _options(threads: int) -> dict[str, Any]:
    """Float32 throughout: processors with bfloat16 units would use them unasked."""
    return {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
