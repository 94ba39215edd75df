"""A network's computation, taken over or not."""

import torch
from torch import Tensor

from weights.networks.running import RunnableNetwork


class Doubling(RunnableNetwork):
    def compute(self, batch: Tensor) -> Tensor:
        return 2 * batch


def test_a_network_computes_itself_until_another_takes_over() -> None:
    network = Doubling()
    assert network.run(torch.ones(1)).item() == 2
    network.runner = lambda batch: 3 * batch
    assert network.run(torch.ones(1)).item() == 3
    assert network.compute(torch.ones(1)).item() == 2
    assert not network.state_dict()
