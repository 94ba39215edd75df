"""Where a CLIP's folder is, in the hub's format: `config.json`, weights, tokenizer and `preprocessor_config.json`.

Nothing is downloaded: a model of the hub is taken from the hub's cache on this machine. Nothing heavy is imported:
`weights list` asks here.
"""

import hashlib
import os
import re
from pathlib import Path

from common.errors import CheckpointError, ExtraMissing
from common.install_hints import install_extra
from weights.clip_files import WEIGHT_FILES, weight_files
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


def clip_hash(folder: Path) -> str:
    """`sha256:…` of all of a CLIP's files that decide what it sees and reads."""
    digest = hashlib.sha256()
    for path in (*(folder / name for name in OTHER_FILES), *weight_files(folder).paths):
        if path.is_file():
            digest.update(f"{path.name} {sha256(path)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def keep_offline() -> None:
    """Keep the hub's packages from asking it anything; to be called before they are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def extra_missing(package: str, error: ImportError) -> ExtraMissing:
    """The error that names the command which installs a package for prompts."""
    return ExtraMissing(
        f"text anchors need the package {package}, which is not installed ({error}). "
        f"Install it with: {install_extra('text')}"
    )


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
    keep_offline()
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise extra_missing("huggingface_hub", error) from error
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise CheckpointError(
            f'clip "{name}" is not in the hub\'s cache on this machine. Get it with "hf download {name} {FILES}", '
            "or give the folder that holds it."
        ) from error
