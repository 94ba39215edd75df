"""Build a network without initialising its values, which are about to be replaced."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

RANDOM_FILLS = (init.uniform_, init.normal_, init.kaiming_uniform_, init.kaiming_normal_)


class _SkipInit(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func is torch.randn:
            return torch.empty(*args, **named)
        if func in RANDOM_FILLS:
            return named["tensor"] if "tensor" in named else args[0]
        return func(*args, **named)


@contextmanager
def skip_init() -> Iterator[None]:
    """Networks built here hold whatever lies in memory instead of random values; memory is not even touched.

    PyTorch's meta device does this too, but imports its compiler on the way: 1.4 s, more than a large file takes to
    load.
    """
    with _SkipInit():
        yield
