"""CLIP from a folder in the hub's format.

The networks are `transformers`' own, an optional dependency that is imported here alone. Weights in `.bin` are read by
PyTorch without executing anything (`weights_only`), and no code that a folder holds is ever run.
"""

import json
from pathlib import Path
from typing import Any

import torch

from common.errors import CheckpointError
from weights.clip_files import weight_files
from weights.find_clip import extra_missing, find_clip, keep_offline
from weights.networks.clip import ClipNetwork


def load_clip(path_or_name: str | Path, device: str = "cpu") -> ClipNetwork:
    """A CLIP in float32, in evaluation mode, without gradients of its own.

    Args:
        path_or_name: as `find_clip` takes it.
        device: "cpu", "cuda", "cuda:1", …

    Raises:
        CheckpointError: there is no such folder, or it does not hold a CLIP.
        ExtraMissing: `transformers` is not installed.
    """
    folder = find_clip(path_or_name)
    transformers = _transformers()
    config = _json(folder / "config.json")
    if config.get("model_type") != "clip":
        raise CheckpointError(f'{folder}: expected a CLIP (model_type "clip"), found {config.get("model_type")!r}.')
    prepared = _json(folder / "preprocessor_config.json")
    try:
        model, read = transformers.CLIPModel.from_pretrained(
            folder,
            variant=weight_files(folder).variant or None,
            local_files_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        tokenizer = transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        mean, deviation = prepared["image_mean"], prepared["image_std"]
    except Exception as error:  # on files of another kind the readers fail in any way there is
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise CheckpointError(f"{folder}: not a usable CLIP ({type(error).__name__}: {reason}).") from error
    if absent := sorted(map(str, (*read["missing_keys"], *read["mismatched_keys"]))):
        raise CheckpointError(
            f"{folder}: {len(absent)} of the network's tensors are missing or of another shape, first {absent[0]}."
        )
    clip = ClipNetwork(model, tokenizer, mean, deviation, str(folder))
    return clip.to(device).eval().requires_grad_(False)


def _transformers() -> Any:
    """The optional dependency, kept from asking its hub anything."""
    keep_offline()
    try:
        import transformers
    except ImportError as error:
        raise extra_missing("transformers", error) from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not readable as JSON ({error}).") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected an object, found {type(content).__name__}.")
    return content
