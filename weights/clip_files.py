"""Which files of a folder in the hub's format are a CLIP's weights: one file, several shards, or a smaller variant."""

import json
from dataclasses import dataclass
from pathlib import Path

from common.errors import CheckpointError
from weights.file_kinds import is_safetensors, not_a_checkpoint

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
VARIANTS = ("", "fp16", "bf16")


@dataclass(frozen=True)
class WeightFiles:
    """A CLIP's weights.

    Attributes:
        paths: all files, an index of shards first.
        variant: as the hub calls it: "" for the usual one.
    """

    paths: tuple[Path, ...] = ()
    variant: str = ""


def weight_files(folder: Path) -> WeightFiles:
    """The weights that will be read; no paths where there are none.

    Raises:
        CheckpointError: one of them is something else, or a shard is missing.
    """
    for variant in VARIANTS:
        for name in WEIGHT_FILES:
            stem, ending = name.split(".")
            one = folder / (f"{stem}.{variant}.{ending}" if variant else name)
            index = folder / (f"{name}.index.{variant}.json" if variant else f"{name}.index.json")
            paths = (one,) if one.is_file() else (index, *_shards(index)) if index.is_file() else ()
            for path in paths:
                if path != index and (wrong := _no_weights(path)):
                    raise CheckpointError(f"{path}: {wrong}")
            if paths:
                return WeightFiles(paths, variant)
    return WeightFiles()


def _shards(index: Path) -> tuple[Path, ...]:
    """The files that an index names."""
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        wrong = next((name for name in names if Path(name).name != name), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{index}: not an index of shards. Get the file again.") from error
    if wrong is not None or not names:
        raise CheckpointError(f"{index}: names no shards beside it. Get the file again.")
    if lacking := [name for name in names if not (index.parent / name).is_file()]:
        raise CheckpointError(f"{index.parent}: {len(lacking)} of {len(names)} shards are missing: {lacking[0]}.")
    return tuple(index.parent / name for name in names)


def _no_weights(path: Path) -> str:
    """What a weights file is, if it is none: a page or a pointer under a right name."""
    return "" if is_safetensors(path) else not_a_checkpoint(path)
