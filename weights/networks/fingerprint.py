"""A network's identity, independent of the file format that carried it."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def fingerprint(state: Mapping[str, Tensor], settings: str = "") -> str:
    """`sha256:…` over names, shapes and float32 values in name order, plus `settings` that change the mathematics.

    A checkpoint converted from one format to another keeps its fingerprint; a value that changed does not.
    """
    digest = hashlib.sha256(settings.encode())
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return f"sha256:{digest.hexdigest()}"
