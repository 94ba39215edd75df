"""A job: the YAML file that says what to make, as a validated model.

Relative paths are meant from the job file's folder. Whatever is wrong is told at once, one line for each field: the
file, the field, what was found, what is allowed.
"""

import difflib
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.phrases import clean
from stages.errors import JobError

Finite = Annotated[float, Field(allow_inf_nan=False)]
URI = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


class Part(BaseModel):
    """What every part of a job has in common: no field that we do not know, no change once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)


class ModelSpec(Part):
    """A model as four checkpoint files, each a path or a name of the registry."""

    generator: str = Field(
        description="StyleGAN2 generator, in whose W+ the movement lies. No default: it is the model."
    )
    inverter: str = Field(description="ReStyle inverter trained on that generator. No default: it must fit.")
    identity: str = Field(
        default="synthface",
        description="ArcFace network that measures whether a face stays itself; default: the bundled one.",
    )
    landmarks: str = Field(
        default="synthface",
        description="68-point FAN network that aligns faces; default: the bundled one, trained on renders.",
    )


class MotionSpec(Part):
    """Where a movement comes from: one of `clip`, `file` and `text`; the rest says how it is fitted."""

    clip: str | None = Field(
        default=None, description="Video of one face making the movement, at rest in its first frames."
    )
    file: str | None = Field(
        default=None, description="Movement extracted earlier (.safetensors), or a published direction (.pt)."
    )
    text: str | None = Field(
        default=None, description='Sentence with "{degree}" in it, e.g. "a person with {degree} smile".'
    )
    max_anchors: int = Field(
        default=64,
        ge=2,
        le=4096,
        description="Frames of the clip that are looked at, evenly spread; 64 hold any short movement.",
    )
    rank: int | None = Field(
        default=None, ge=1, le=512, description="Dimensions of the movement; default: as many as `energy` asks for."
    )
    energy: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Share of the anchors' variation to keep (0 to 1); 0.95 leaves out noise and jitter.",
    )
    per_layer: bool = Field(
        default=False,
        description="Decompose each layer by itself as the paper's code does; default: all layers together.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("clip", "file", "text") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of clip, file, text; found {' and '.join(given) or 'none of them'}")
        return self

    @field_validator("text")
    @classmethod
    def _has_degree(cls, text: str | None) -> str | None:
        if text is not None and "{degree}" not in text:
            raise ValueError('expected "{degree}" in the sentence, where "no", "10%" … "100%" will stand')
        return text


class VideoSpec(Part):
    """What every video of the job looks like."""

    frames: int = Field(default=60, ge=2, le=100_000, description="Frames of each video; 60 are two seconds at 30 fps.")
    fps: float = Field(default=30.0, ge=1, le=240, description="Frames a second; 30 plays everywhere.")
    path: Literal["linear", "pingpong", "replay"] = Field(
        default="pingpong",
        description="linear goes to the extreme, pingpong comes back and so loops, replay keeps the clip's timing.",
    )
    strength: Finite = Field(
        default=1.0,
        description="1.0 is the movement's full extent in the clip; negative runs it backwards. Rows may override it.",
    )
    layout: Literal["crop", "side_by_side", "paste"] = Field(
        default="crop",
        description="crop: the face alone; side_by_side: the still beside it; paste: back in its picture.",
    )
    crf: int = Field(default=18, ge=0, le=51, description="x264's quality, 0 lossless to 51; 18 shows no loss.")
    layers: tuple[int, int] | None = Field(
        default=None, description="First and last + 1 of the generator's layers that move; default: all of them."
    )
    measured_frames: int = Field(
        default=30,
        ge=0,
        le=100_000,
        description="Frames of each video on which quality is measured, evenly spread; 0 for none.",
    )

    @field_validator("layers")
    @classmethod
    def _range(cls, layers: tuple[int, int] | None) -> tuple[int, int] | None:
        if layers is not None and not 0 <= layers[0] < layers[1]:
            raise ValueError("expected [first, last + 1] with 0 <= first < last + 1")
        return layers


class ClusterSpec(Part):
    """Where the work runs."""

    address: str = Field(
        default="local",
        description="local (this machine), auto (the Ray cluster this machine belongs to), or ray://host:port.",
    )
    workers: int | None = Field(
        default=None, ge=1, le=100_000, description="Workers that render; default: as many as the cluster holds."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto takes GPUs where there are any; cuda refuses to start without one."
    )
    object_store_mb: int = Field(
        default=256,
        ge=80,
        le=1_000_000,
        description="Ray's shared memory in a local run (MB); crops wait there, never frames.",
    )
    stall_timeout: float = Field(
        default=3600.0,
        ge=10,
        le=1e6,
        description="Seconds without any result after which the run gives up; one video may be slow.",
    )
    dashboard: bool = Field(
        default=False,
        description="Start Ray's dashboard in a local run; off, for it listens on a port and needs ray[default].",
    )

    @field_validator("address")
    @classmethod
    def _known_address(cls, address: str) -> str:
        if address not in ("local", "auto") and not re.fullmatch(r"ray://[^\s/:]+:\d+", address):
            raise ValueError("expected local, auto, or ray://host:port")
        return address


class JobSpec(Part):
    """A whole job, with its paths made absolute."""

    name: str = Field(pattern=f"^{NAME}$", max_length=100, description="The job's name; default: the file's own.")
    model: ModelSpec = Field(
        default_factory=lambda: ModelSpec(generator="synthface", inverter="synthface"),
        description="A model of the registry by its name, or its checkpoint files; default: the bundled one.",
    )
    motion: dict[str, MotionSpec] = Field(
        min_length=1,
        description="The movement, or several by name, among which the manifest's column `motion` chooses.",
    )
    manifest: Path = Field(description="The faces: Parquet, CSV or JSONL with the columns id and image.")
    video: VideoSpec = Field(default_factory=VideoSpec, description="What every video looks like.")
    iterations: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Steps of the inverter for each face; 5 as in the paper, more change little.",
    )
    detector: str = Field(default="haar", description="How faces are found; haar needs no further weights.")
    cluster: ClusterSpec = Field(default_factory=ClusterSpec, description="Where the work runs.")
    output: Path = Field(description="Folder for everything that is made; default: outputs/<name> beside the job file.")
    made_with: dict[str, Any] = Field(
        default_factory=dict, description="Versions and checkpoints of the run that wrote this file; ignored when read."
    )

    @field_validator("model", mode="before")
    @classmethod
    def _whole_model(cls, model: Any) -> Any:
        """One name stands for all four parts."""
        return dict.fromkeys(ModelSpec.model_fields, model) if isinstance(model, str) else model

    @field_validator("motion", mode="before")
    @classmethod
    def _named(cls, motion: Any, info: Any) -> Any:
        """A single movement goes by the job's name."""
        if isinstance(motion, dict) and motion and not any(isinstance(value, dict) for value in motion.values()):
            return {info.data.get("name", "motion"): motion}
        return motion

    @field_validator("motion")
    @classmethod
    def _file_safe(cls, motion: dict[str, MotionSpec]) -> dict[str, MotionSpec]:
        for name in motion:
            if not re.fullmatch(NAME, name):
                raise ValueError(f'the name "{name}" becomes a file name: use letters, digits, ".", "_" and "-"')
        return motion

    @field_validator("manifest", "output", mode="before")
    @classmethod
    def _on_disk(cls, path: Any) -> Any:
        if isinstance(path, str) and URI.match(path):
            raise ValueError(f'expected a path on a disk or a shared mount, found "{path}"')
        return path

    def resolved(self) -> dict[str, Any]:
        """The job as plain data for `job.yaml`: every field with its value, every path absolute."""
        return self.model_dump(mode="json", exclude={"made_with"} if not self.made_with else None)


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
        return JobSpec.model_validate(_absolute(data, folder))
    except ValidationError as error:
        lines = [f"{path}: {clean(_explained(problem, data))}" for problem in error.errors(include_url=False)]
        raise JobError("\n".join(lines)) from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise JobError(f"{path} cannot be read: {error.strerror or error}. Give the path of a job file.") from error
    except UnicodeDecodeError as error:
        raise JobError(
            f"{path}: expected a YAML file in UTF-8, found other bytes at position {error.start}."
        ) from error
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise JobError(f"{path}, line {line}: not valid YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise JobError(f"{path}: not valid YAML: {error}.") from error
    if not isinstance(data, dict):
        raise JobError(f"{path}: expected fields such as motion and manifest, found {_shown(data)}.")
    return data


def _override(data: dict[str, Any], override: str) -> None:
    """Put one "field.path=value" into the job's data."""
    field, equals, value = override.partition("=")
    if not equals or not field.strip():
        raise JobError(f'--set "{override}": expected field=value, e.g. video.frames=30.')
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        raise JobError(f'--set "{override}": the value is not valid YAML; put it in quotes.') from None
    *parents, last = field.strip().split(".")
    place = data
    for depth, name in enumerate(parents):
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            raise JobError(
                f'--set "{override}": {".".join(parents[: depth + 1])} is {_shown(inner)} and has no fields.'
            )
        place = inner
    place[last] = parsed


def _absolute(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The job's data with every path made absolute; what is no string is left for the validation to refuse."""
    data = dict(data)
    for name in ("manifest", "output"):
        if isinstance(data.get(name), str):
            data[name] = _resolved(data[name], folder)
    if isinstance(data.get("motion"), dict):
        motion = data["motion"]
        several = any(isinstance(value, dict) for value in motion.values())
        data["motion"] = (
            {name: _absolute_motion(source, folder) for name, source in motion.items()}
            if several
            else _absolute_motion(motion, folder)
        )
    if isinstance(data.get("model"), dict):
        data["model"] = {part: _model_file(value, folder) for part, value in data["model"].items()}
    elif isinstance(data.get("model"), str):
        data["model"] = _model_file(data["model"], folder)
    return data


def _absolute_motion(source: Any, folder: Path) -> Any:
    if not isinstance(source, dict):
        return source
    paths = {name: _resolved(source[name], folder) for name in ("clip", "file") if isinstance(source.get(name), str)}
    return {**source, **paths}


def _resolved(path: str, folder: Path) -> str:
    """A path meant from `folder`; a URI as it is."""
    if URI.match(path):
        return path
    return str((folder / Path(path).expanduser()).resolve())


def _model_file(value: Any, folder: Path) -> Any:
    """A checkpoint's path made absolute where there is such a file; a name of the registry as it is."""
    if not isinstance(value, str):
        return value
    looks_like_path = "/" in value or (folder / value).is_file()
    return _resolved(value, folder) if looks_like_path else value


def _explained(problem: Any, data: dict[str, Any]) -> str:
    """One of pydantic's complaints as a sentence: field, what was found, what is allowed."""
    location = _field(problem["loc"], data)
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "missing":
        return f"{location} is missing."
    if kind == "extra_forbidden":
        known = _known_fields(problem["loc"][:-1])
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.6)
        hint = f"Did you mean {close[0]}?" if close else f"Allowed here: {', '.join(known)}."
        return f"{location} is not a field of a job. {hint}"
    if kind == "value_error":
        return f"{location}: {context['error']}."
    return f"{location}: expected {_allowed(kind, context, problem['msg'])}, found {_shown(problem['input'])}."


def _field(location: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """`video.frames` of pydantic's location, without the name that a lone motion was given."""
    names = list(location)
    motion = data.get("motion")
    if len(names) > 1 and names[0] == "motion" and isinstance(motion, dict) and names[1] not in motion:
        del names[1]
    return ".".join(map(str, names)) or "the job"


def _known_fields(location: tuple[int | str, ...]) -> list[str]:
    """The fields of the part of a job at a location."""
    parts: dict[str, type[Part]] = {
        "video": VideoSpec,
        "cluster": ClusterSpec,
        "motion": MotionSpec,
        "model": ModelSpec,
    }
    part = parts.get(str(location[0]), JobSpec) if location else JobSpec
    return [name for name in part.model_fields if name != "made_with"]


BOUNDS = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "min_length": "at least",
    "max_length": "at most",
}
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "string": "text",
    "bool": "true or false",
    "dict": "fields",
    "model": "fields",
    "tuple": "two whole numbers",
    "path": "a path",
}


def _allowed(kind: str, context: dict[str, Any], message: str) -> str:
    """What a field may hold."""
    if kind == "literal_error":
        return str(context["expected"]).replace("'", "")
    if kind == "string_pattern_mismatch":
        return 'letters, digits, ".", "_" and "-" (it becomes a file name)'
    for name, words in BOUNDS.items():
        if name in context:
            return (
                f"{words} {context[name]:g}" if isinstance(context[name], int | float) else f"{words} {context[name]}"
            )
    for start, words in KINDS.items():
        if kind.startswith(start):
            return words
    return message[0].lower() + message[1:]


def _shown(value: Any) -> str:
    """What was found, short."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return f"fields ({', '.join(map(str, value)) or 'none'})"
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
