"""CLIP from a folder in the hub's format: `config.json`, weights, tokenizer and `preprocessor_config.json`.

The networks are `transformers`' own, an optional dependency that is imported here alone. Nothing is downloaded:
a model of the hub is taken from the hub's cache on this machine. Weights in `.bin` are read by PyTorch without
executing anything (`weights_only`), and no code that a folder holds is ever run.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import torch

from common.errors import CheckpointError, ExtraMissing
from common.install_hints import install_extra
from weights.clip_files import WEIGHT_FILES, weight_files
from weights.networks.clip import ClipNetwork
from weights.registry import ROOM, registered_models
from weights.store import sha256

OTHER_FILES = ("config.json", "preprocessor_config.json", "vocab.json", "merges.txt")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
FILES = " ".join((*OTHER_FILES, WEIGHT_FILES[1]))
# OpenAI's names of its networks, by which they are published as TorchScript archives, and the same in the hub's format.
OPENAI = {
    "ViT-B-32": "openai/clip-vit-base-patch32",
    "ViT-B-16": "openai/clip-vit-base-patch16",
    "ViT-L-14": "openai/clip-vit-large-patch14",
    "ViT-L-14-336px": "openai/clip-vit-large-patch14-336",
}
INSTALL = install_extra("text")


def find_clip(path_or_name: str | Path) -> Path:
    """The folder of a CLIP.

    Args:
        path_or_name: a model of the registry ("synthface", "ffhq"), a folder in the hub's format, or a model of the
            hub ("openai/clip-vit-base-patch32") that is in the hub's cache on this machine.

    Raises:
        CheckpointError: there is no such model, folder or cached model, or it lacks a file.
        ExtraMissing: a model of the hub is asked for, and what reads the hub's cache is not installed.
    """
    models = {model.name: model.clip for model in registered_models()}
    name = str(path_or_name)
    if name in models:
        name = models[name]
        if not name:
            having = ", ".join(model for model, clip in models.items() if clip)
            raise CheckpointError(f'"{path_or_name}" has no clip. Name one as a folder, or as one of {having}.')
        if name.startswith("bundled/"):
            return _complete(ROOM / name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _complete(folder)
    if published := OPENAI.get(folder.stem if folder.suffix == ".pt" else name.replace("/", "-").replace("@", "-")):
        raise CheckpointError(
            f'clip "{path_or_name}": this is OpenAI\'s name of {published}, in whose own file the tokenizer and the '
            f'settings are not. Give "{published}", and get it with "hf download {published} {FILES}".'
        )
    if not HUB_NAME.fullmatch(name):
        raise CheckpointError(
            f'clip "{path_or_name}": neither a folder nor a known model ({", ".join(models)}) nor one of the hub. '
            'Give a folder in the hub\'s format, or a name such as "openai/clip-vit-base-patch32".'
        )
    return _complete(_find_cached(name))


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


def clip_hash(folder: Path) -> str:
    """`sha256:…` of all of a CLIP's files that decide what it sees and reads."""
    digest = hashlib.sha256()
    for path in (*(folder / name for name in OTHER_FILES), *weight_files(folder).paths):
        if path.is_file():
            digest.update(f"{path.name} {sha256(path)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _complete(folder: Path) -> Path:
    """The folder, if it holds all that is read."""
    lacking = [name for name in OTHER_FILES if not (folder / name).is_file()]
    if not weight_files(folder).paths:
        lacking.append(" or ".join(WEIGHT_FILES))
    if lacking:
        raise CheckpointError(f"{folder}: expected a CLIP in the hub's format; missing are {', '.join(lacking)}.")
    return folder


def _find_cached(name: str) -> Path:
    """The newest snapshot of a model in the hub's cache."""
    _transformers()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise CheckpointError(
            f'clip "{name}" is not in the hub\'s cache on this machine. Get it with "hf download {name} {FILES}", '
            "or give the folder that holds it."
        ) from error


def _transformers() -> Any:
    """The optional dependency, kept from asking its hub anything."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import transformers
    except ImportError as error:
        raise ExtraMissing(
            f"text anchors need the package transformers, which is not installed ({error}). Install it with: {INSTALL}"
        ) from error
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
