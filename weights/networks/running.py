"""Networks whose one computation may run in PyTorch or elsewhere."""

from collections.abc import Callable

from torch import Tensor, nn

Runner = Callable[[Tensor], Tensor]


class RunnableNetwork(nn.Module):
    """A network with one computation, from a batch to a batch.

    `compute` is the reference and what training uses; what stages call goes through `run`, which an executor may take
    over (`stages.execution`).

    Attributes:
        batch: how many inputs at a time are fastest, within a memory that a worker has.
        runner: what computes in `compute`'s place; None for PyTorch itself.
    """

    batch: int = 8
    runner: Runner | None = None

    def compute(self, batch: Tensor) -> Tensor:
        """The computation in PyTorch, on the weights' device."""
        raise NotImplementedError

    def example(self, count: int) -> Tensor:
        """An input of `count` items, on the CPU: what a converted graph's shapes are taken from."""
        raise NotImplementedError

    def run(self, batch: Tensor) -> Tensor:
        """What `compute` gives, by whoever runs this network."""
        return (self.runner or self.compute)(batch)
