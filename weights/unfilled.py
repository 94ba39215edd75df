"""Building a network whose values are about to be replaced, without making values for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

RANDOM_FILLS = (Tensor.uniform_, Tensor.normal_)


class _NoRandomValues(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.randn:
            return torch.empty(*args, **(kwargs or {}))
        if func in RANDOM_FILLS:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def unfilled() -> Iterator[None]:
    """Networks built here hold whatever lies in memory instead of random values; memory is not even touched.

    PyTorch's meta device does this too, but imports its compiler on the way: 1.4 s, more than a large file takes to
    load.
    """
    with _NoRandomValues():
        yield
