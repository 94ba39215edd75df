"""The check of faces and the network that outlines eyes: of each the bundled one is the only one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from torch import nn

from common.errors import CheckpointError
from common.redaction import describe_error
from weights.eight_bits import restored
from weights.networks.eye_outline import EyeOutlines
from weights.networks.face_check import FaceCheck
from weights.read_checkpoint import read_checkpoint
from weights.store import EYE_OUTLINES, FACE_CHECK

Network = TypeVar("Network", bound=nn.Module)


def load_face_check(path: Path = FACE_CHECK, device: str = "cpu") -> FaceCheck:
    """Read a classifier as `training.train.face_check` writes it, in float32, in evaluation mode.

    Raises:
        CheckpointError: missing, damaged, or something else.
    """
    return _load(path, "face_check", "the check of faces", FaceCheck, device)


def load_eye_outlines(path: Path = EYE_OUTLINES, device: str = "cpu") -> EyeOutlines:
    """Read a network as `training.train.eye_outlines` writes it, in float32, in evaluation mode.

    Raises:
        CheckpointError: missing, damaged, or something else.
    """
    return _load(path, "eye_outlines", "the network that outlines eyes", EyeOutlines, device)


def _load(path: Path, architecture: str, what: str, build: Callable[[Sequence[int]], Network], device: str) -> Network:
    if not path.is_file():
        raise CheckpointError(f"{path}: {what} is not there. Install the package again.")
    content, metadata = read_checkpoint(path)
    if metadata.get("architecture") != architecture:
        raise CheckpointError(f"{path}: expected {what} ({architecture}), found {metadata.get('architecture')!r}.")
    try:
        network = build(metadata["widths"])
        network.load_state_dict(restored(content))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: its tensors do not fit ({describe_error(error)}). Install the package again."
        ) from error
    return network.eval().requires_grad_(False).to(device)
