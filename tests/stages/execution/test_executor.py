"""Networks run by whoever is fastest, with PyTorch's results."""

import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.errors import CheckpointError
from stages.execution import executor, openvino_runtime
from stages.execution.executor import CompiledNetwork, accelerated, chosen_executor
from weights.networks.eye_outline import EyeOutlines
from weights.networks.face_check import FaceCheck
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import Body, IdentityNetwork
from weights.networks.restyle import BackboneEncoder
from weights.networks.running import RunnableNetwork
from weights.networks.stylegan2 import Generator

SMALL = Body(stem=16, widths=(16, 16, 16, 16), units=(1, 1, 1, 1))

needs_openvino = pytest.mark.skipif(openvino_runtime.runtime() is None, reason="openvino is not installed")


@pytest.fixture(autouse=True)
def graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROMOTION_GRAPHS", str(tmp_path / "graphs"))
    monkeypatch.delenv("MICROMOTION_EXECUTOR", raising=False)
    return tmp_path / "graphs"


def small_generator() -> Generator:
    generator = Generator(32, mapping_layers=1, channels={4: 8, 8: 8, 16: 6, 32: 4})
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.weight"):
            nn.init.constant_(parameter, 0.3)
    return generator


Network = TypeVar("Network", bound=RunnableNetwork)


def ready(network: Network) -> Network:
    return network.eval().requires_grad_(False)


NETWORKS = [
    pytest.param(small_generator, id="generator"),
    pytest.param(lambda: LandmarkNetwork(stacks=1, input_size=64), id="landmarks", marks=pytest.mark.slow),
    pytest.param(lambda: IdentityNetwork(SMALL), id="identity", marks=pytest.mark.slow),
    pytest.param(lambda: BackboneEncoder(6, SMALL, size=64, head_width=8), id="inverter", marks=pytest.mark.slow),
    pytest.param(lambda: FaceCheck([4, 8]), id="face check"),
    pytest.param(lambda: EyeOutlines([4, 8]), id="eye outlines"),
]


@needs_openvino
@pytest.mark.parametrize("make", NETWORKS)
def test_every_network_gives_what_pytorch_gives(make) -> None:
    network = accelerated(ready(make()), "cpu")
    for count in (3, 8, 11):  # less than a batch of 8, one, more than one
        batch = network.example(count)
        expected = network.compute(batch)
        found = network.run(batch)
        assert found.shape == expected.shape
        assert float((found - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@needs_openvino
@pytest.mark.slow
def test_wider_layers_keep_the_accuracy() -> None:
    generator = ready(Generator(64, mapping_layers=1, channels={4: 64, 8: 64, 16: 64, 32: 64, 64: 32}))
    codes = generator.map(torch.randn(8, 512))
    expected = generator.compute(codes)
    found = accelerated(generator, "cpu").synthesize(codes)
    assert float((found - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@needs_openvino
def test_results_stay_as_they_are_when_the_network_runs_again() -> None:
    network = accelerated(ready(FaceCheck([4])), "cpu")
    first = network.run(network.example(1))
    before = first.clone()
    network.run(torch.zeros_like(network.example(1)))
    torch.testing.assert_close(first, before, rtol=0, atol=0)


@needs_openvino
def test_gradients_are_pytorchs() -> None:
    generator = accelerated(ready(small_generator()), "cpu")
    codes = generator.map(torch.randn(1, 512)).clone().requires_grad_()
    generator.synthesize(codes).square().mean().backward()
    assert codes.grad is not None and codes.grad.abs().max() > 0


@needs_openvino
def test_an_empty_batch_is_one() -> None:
    generator = accelerated(ready(small_generator()), "cpu")
    assert generator.synthesize(torch.zeros(0, generator.num_layers, 512)).shape == (0, 3, 32, 32)


@needs_openvino
def test_a_second_process_reads_the_graph_that_the_first_one_made(graphs: Path, monkeypatch) -> None:
    torch.manual_seed(3)
    first = accelerated(ready(FaceCheck([4])), "cpu")
    expected = first.run(first.example(1))
    second = ready(FaceCheck([4]))
    second.load_state_dict(first.state_dict())
    monkeypatch.setattr(executor, "_graphs", executor.WeakValueDictionary())
    monkeypatch.setattr(openvino_runtime, "convert", lambda *_: pytest.fail("it is converted again"))
    torch.testing.assert_close(accelerated(second, "cpu").run(second.example(1)), expected)
    assert len(list(graphs.glob("facecheck-1-*.graph"))) == 1


@needs_openvino
def test_other_values_make_another_graph(graphs: Path) -> None:
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = accelerated(ready(FaceCheck([4])), "cpu")
        network.run(network.example(1))
    assert len(list(graphs.glob("facecheck-1-*.graph"))) == 2


class Other(RunnableNetwork):
    """Computes something that tracing freezes: another result each time it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.calls = 0

    def compute(self, batch: Tensor) -> Tensor:
        self.calls += 1
        return batch * self.weight * float(self.calls)

    def example(self, count: int) -> Tensor:
        return torch.ones(count, 2)


@needs_openvino
def test_a_graph_that_computes_something_else_is_refused() -> None:
    network = accelerated(ready(Other()), "cpu")
    with pytest.warns(UserWarning, match="Other runs in PyTorch, for OpenVINO cannot run it: its result is 1 away"):
        found = network.run(torch.ones(1, 2))
    torch.testing.assert_close(found, torch.full((1, 2), 3.0))


@needs_openvino
@pytest.mark.slow
def test_no_statistics_are_sent_or_loaded() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a connection')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
        "import torch\n"
        "from stages.execution.executor import accelerated\n"
        "from weights.networks.face_check import FaceCheck\n"
        "check = accelerated(FaceCheck([4]).eval().requires_grad_(False), 'cpu')\n"
        "check.run(torch.rand(1, 3, 64, 64))\n"
        "assert 'openvino' in sys.modules\n"
        "assert not [name for name in sys.modules if 'telemetry' in name or 'tools.ovc' in name]\n"
    )
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", script], check=True)


def test_pytorch_runs_where_it_is_asked_for_and_where_nothing_else_is_there(monkeypatch) -> None:
    monkeypatch.setenv("MICROMOTION_EXECUTOR", "torch")
    assert accelerated(FaceCheck([4]), "cpu").runner is None
    monkeypatch.delenv("MICROMOTION_EXECUTOR")
    monkeypatch.setattr(openvino_runtime, "runtime", lambda: None)
    assert chosen_executor() == "torch"
    assert accelerated(FaceCheck([4]), "cpu").runner is None
    monkeypatch.setenv("MICROMOTION_EXECUTOR", "openvino")
    with pytest.raises(CheckpointError, match="not installed"):
        chosen_executor()
    monkeypatch.setenv("MICROMOTION_EXECUTOR", "abacus")
    with pytest.raises(CheckpointError, match='expected torch or openvino, found "abacus"'):
        chosen_executor()


@needs_openvino
def test_arrays_that_do_not_lie_in_order_are_read_as_they_are() -> None:
    network = ready(FaceCheck([4]))
    pictures = torch.from_numpy(np.random.rand(2, 64, 64, 3).astype(np.float32)).permute(0, 3, 1, 2)
    torch.testing.assert_close(CompiledNetwork(network)(pictures), network.compute(pictures))
