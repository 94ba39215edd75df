"""The check of faces: the bundled one is the only one."""

from pathlib import Path

from common.errors import CheckpointError
from common.redaction import describe_error
from weights.networks.face_check import FaceCheck
from weights.read_checkpoint import read_checkpoint

BUNDLED = Path(__file__).parent / "bundled" / "face_check.safetensors"


def load_face_check(path: Path = BUNDLED, device: str = "cpu") -> FaceCheck:
    """Read a classifier as `training.train.face_check` writes it, in float32, in evaluation mode.

    Raises:
        CheckpointError: missing, damaged, or something else.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: the check of faces is not there. Install the package again.")
    content, metadata = read_checkpoint(path)
    if metadata.get("architecture") != "face_check":
        raise CheckpointError(f"{path}: expected a check of faces, found {metadata.get('architecture')!r}.")
    try:
        check = FaceCheck(metadata["widths"])
        check.load_state_dict({name: tensor.float() for name, tensor in content.items()})
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: its tensors do not fit ({describe_error(error)}). Install the package again."
        ) from error
    return check.eval().requires_grad_(False).to(device)
