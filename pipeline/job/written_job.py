"""Read the `job.yaml` in an output folder, which anybody may have edited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def written_job(output: Path) -> dict[str, Any]:
    """The job of the run in a folder; empty where there is none, or none that can be read.

    What it is made with is there in any case, as far as it has the shape that a run writes: `versions` and `weights`
    hold texts, `motions` a dictionary of texts for each name.
    """
    try:
        written = yaml.safe_load((output / "job.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    if not isinstance(written, dict):
        return {}
    made_with = _mapping(written.get("made_with"))
    motions = {name: _texts(one) for name, one in _mapping(made_with.get("motions")).items()}
    sound: dict[str, Any] = {name: _texts(made_with.get(name)) for name in ("versions", "weights")} | {
        "motions": motions
    }
    generator = made_with.get("generator")
    if isinstance(generator, str):
        sound["generator"] = generator
    return {str(name): value for name, value in written.items()} | {"made_with": sound}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> dict[str, str]:
    return {str(name): one for name, one in _mapping(value).items() if isinstance(one, str)}
