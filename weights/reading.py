"""From a file's bytes to tensors, without executing anything that a file says.

Our own files (safetensors) are mapped into memory: what is not used is not read. Published ones (`torch.save`, as ZIP
archives or in the format before it) are read whole, by PyTorch's own unpickler that builds tensors and plain
containers alone; NVIDIA's pickles by ours (`weights.nvidia_pickle`).
"""

import argparse
import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from stages.errors import CheckpointError
from weights.nvidia_pickle import HEAD, is_nvidia_pickle, read_nvidia_pickle


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file's content, and for a file of ours its metadata (empty for a published one).

    Raises:
        CheckpointError: damaged, of another kind, or asking for code to be run.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head[8:9] == b"{":  # safetensors: eight bytes of length, then a JSON header
        try:
            with safe_open(path, framework="pt") as file:
                stored = file.metadata() or {}
                content = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except SafetensorError as error:
            raise CheckpointError(f"{path}: not a whole safetensors file ({error}). Copy it again.") from error
        if "architecture" not in stored:
            raise CheckpointError(f'{path}: no "architecture" in its metadata, so not a checkpoint of ours.')
        return content, {name: _parsed(value) for name, value in stored.items()}
    if is_nvidia_pickle(head):
        return read_nvidia_pickle(path), {}
    try:
        # Published encoders carry their training's options as a namespace: a bag of names and plain values.
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")  # about a pickle's protocol, which the errors below say better
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # on damaged bytes the unpickler fails in any way there is
        raise CheckpointError(
            f"{path}: not a checkpoint that can be loaded without executing code from it ({_reason(error)})."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary of tensors, found {type(content).__name__}.")
    return content, {}


def _reason(error: Exception) -> str:
    """Why PyTorch's unpickler stopped, in a few words: above all, what a file asked to be called."""
    text = str(error)
    if asked := re.search(r"(?:GLOBAL|function|class) (?:<\S+ \S+ )?([\w.]+)", text):
        return f"it asks for {asked[1]}"
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _parsed(value: str) -> Any:
    """A metadata value: JSON, or plain text."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
