"""The head under every image that is moved: the bundled one is the only one."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from common.errors import CheckpointError
from weights.networks.head import Head, head_of

BUNDLED = Path(__file__).parent / "bundled" / "head.safetensors"


def load_head(path: Path = BUNDLED) -> Head:
    """Read a head as `training.scene.head_shape` writes it.

    Raises:
        CheckpointError: missing, damaged, or something else.
    """
    try:
        return head_of(load_file(path))
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a head shape that can be read ({error}). Install the package again."
        ) from error
