"""Read a job: from a YAML file to a validated model, or to messages about what is wrong with it.

Paths are relative to the job file's folder. Everything that is wrong is reported at once, one line for each field: the
file, the field, what was found, what is allowed.
"""

import datetime
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from common.errors import JobError
from common.formatting import clean, quotes_hint
from common.redaction import cut, describe_error, one_line, quote
from common.storage import is_uri
from pipeline.job.field_errors import describe_problem, shorten
from pipeline.job.job_yaml import parse
from pipeline.job.motion_spec import is_single
from pipeline.job.spec import JobSpec
from pipeline.job.yaml_errors import describe_yaml_error

PLAIN = (dict, list, str, int, float, datetime.date, type(None))
MOST_VALUES = 100_000
DEEPEST = 50
LONGEST_NUMBER = 1024  # bits; Python refuses to print numbers of more than 4,300 digits


def load_job(path: Path | str, overrides: Sequence[str] = (), output: Path | str | None = None) -> JobSpec:
    """Read a job file.

    Args:
        path: the YAML file.
        overrides: "field.path=value", e.g. "video.frames=30", each value read as YAML; they come after the file.
        output: the output folder instead of the file's own, relative to the current folder.

    Raises:
        JobError: the file cannot be read, is not YAML, or holds a field that is unknown or has a wrong value; one
            line for each.
    """
    path = Path(path)
    data = _read_yaml(path)
    for override in overrides:
        _override(data, override)
    if output is not None:
        data["output"] = str(Path(output).expanduser().absolute())
    folder = path.absolute().parent
    data.setdefault("name", re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("._-") or "job")
    data.setdefault("output", f"outputs/{data['name']}")
    try:
        job = JobSpec.model_validate(_absolute(data, folder))
    except JobError as error:
        raise JobError(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [f"{path}: {clean(describe_problem(problem, data))}" for problem in error.errors(include_url=False)]
        raise JobError("\n".join(lines)) from None
    if not job.made_with and os.path.realpath(path) == os.path.realpath(job.output / "job.yaml"):
        raise JobError(
            f"{path}: a run writes its own job.yaml into its output folder, which is this one, over this file. Give "
            "another output, or the file another name."
        )
    return job


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        mend = quotes_hint(str(path)) or " Give the path of a job file."
        raise JobError(f"{path} cannot be read: {error.strerror or error}.{mend}") from error
    except UnicodeDecodeError as error:
        raise JobError(
            f"{path}: expected a YAML file in UTF-8, found other bytes at position {error.start}. Save it as UTF-8."
        ) from error
    data = _parse(text, str(path))
    if not isinstance(data, dict):
        raise JobError(f"{path}: expected fields such as motion and manifest, found {shorten(data)}.")
    return data


def _parse(text: str, where: str) -> Any:
    """Plain data of a YAML text; `where` begins the sentence that refuses it.

    Raises:
        JobError: no YAML, or data that no job has: see `_check_plain`.
    """
    try:
        data = parse(text)
    except yaml.YAMLError as error:
        place, mend = describe_yaml_error(error, text)
        raise JobError(f"{where}{place}: not valid YAML: {mend}.") from error
    except RecursionError:
        raise JobError(f"{where}: it is nested too deeply. Write it flatter.") from None
    except Exception as error:  # what PyYAML makes dates and numbers with raises whatever it stumbles over
        raise JobError(f"{where}: not valid YAML: {describe_error(error)}.") from error
    _check_plain(data, where)
    return data


def _check_plain(data: Any, where: str) -> None:
    """Refuse what YAML can hold and a job never does, before anything walks through it or prints it.

    A value that stands in many places through aliases counts in each of them: a few lines can unfold without end.
    """
    waiting, seen = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES or depth > DEEPEST:
            raise JobError(f"{where}: it unfolds to more than a job can hold. Write it without aliases, and flatter.")
        if isinstance(value, str) and not _is_text(value):
            raise JobError(f"{where}: it holds a text with a character that no text has ({cut(ascii(value), 60)}).")
        if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER:
            raise JobError(f"{where}: it holds a number of {value.bit_length():,} bits. Write a smaller one.")
        if not isinstance(value, PLAIN):
            raise JobError(f"{where}: it holds a value that is {type(value).__name__}; use texts, numbers and fields.")
        inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        waiting += [(item, depth + 1) for item in inner]


def _is_text(value: str) -> bool:
    """Whether a string can be a file's name, and be written to a file."""
    return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)


def _override(data: dict[str, Any], override: str) -> None:
    """Put one "field.path=value" into the job's data."""
    where = f"--set {quote(override)}"
    field, equals, value = override.partition("=")
    if not equals or not field.strip():
        raise JobError(f"{where}: expected field=value, e.g. video.frames=30.")
    try:
        parsed = _parse(value, where)
    except JobError as error:
        if isinstance(error.__cause__, yaml.YAMLError):
            raise JobError(f"{where}: the value is not valid YAML; put it in quotes.") from None
        raise
    if "#" in value and "#" not in str(parsed):
        raise JobError(f"{where}: what follows # is a comment in YAML, and would be left out; put the value in quotes.")
    *parents, last = field.strip().split(".")
    place = data
    for depth, name in enumerate(parents):
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            raise JobError(
                f"{where}: {one_line('.'.join(parents[: depth + 1]))} is {shorten(inner)} and has no fields."
            )
        place = inner
    place[last] = parsed


def _absolute(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The job's data with every path made absolute; what is no string is left for the validation to refuse."""
    data = dict(data)
    for name in ("manifest", "output"):
        if isinstance(data.get(name), str):
            data[name] = _resolve(data[name], folder) if data[name].strip() else None
    if isinstance(data.get("motion"), dict):
        motion = data["motion"]
        data["motion"] = (
            _absolute_motion(motion, folder)
            if is_single(motion)
            else {name: _absolute_motion(source, folder) for name, source in motion.items()}
        )
    if isinstance(data.get("model"), dict):
        data["model"] = {
            part: (_clip_folder if part == "clip" else _model_file)(value, folder)
            for part, value in data["model"].items()
        }
    elif isinstance(data.get("model"), str):
        data["model"] = _model_file(data["model"], folder)
    if isinstance(data.get("detector"), str):
        data["detector"] = _detector(data["detector"], folder)
    return data


def _absolute_motion(source: Any, folder: Path) -> Any:
    if not isinstance(source, dict):
        return source
    given = {name: source[name] for name in ("clip", "file") if isinstance(source.get(name), str)}
    paths = {name: _resolve(path, folder) if path.strip() else None for name, path in given.items()}
    return {**source, **paths}


def _resolve(path: str, folder: Path) -> str:
    """A path meant from `folder`; a URI as it is. A block of YAML (> or |) has a line break at its end."""
    path = path.rstrip("\r\n")
    if is_uri(path):
        return path
    try:
        place = (folder / Path(path).expanduser()).resolve()
        place.exists()  # raises where a name is too long
    except (OSError, RuntimeError) as error:  # nobody's home, or links in a circle
        raise JobError(f"{quote(path)} leads nowhere: {describe_error(error)}.") from error
    return str(place)


def _model_file(value: Any, folder: Path) -> Any:
    """A checkpoint's path made absolute where there is such a file; a name of the registry as it is."""
    if not isinstance(value, str):
        return value
    looks_like_path = "/" in value or os.path.isfile(folder / value)  # noqa: PTH113 (Path's own raises over long names)
    return _resolve(value, folder) if looks_like_path else value


def _detector(value: str, folder: Path) -> str:
    """A detector's weights file made absolute, as a checkpoint's path is; its kind may stand before it."""
    kind = re.match("(?:[a-z]+:)?", value)
    assert kind is not None  # it matches nothing at the least
    return value if value == "haar" else f"{kind[0]}{_model_file(value[kind.end() :], folder)}"


def _clip_folder(value: Any, folder: Path) -> Any:
    """A CLIP's folder made absolute where there is such a folder; a name of the registry or the hub as it is."""
    if not isinstance(value, str):
        return value
    looks_like_path = value.startswith((".", "/", "~")) or os.path.isdir(folder / value)  # noqa: PTH112 (as above)
    return _resolve(value, folder) if looks_like_path else value
