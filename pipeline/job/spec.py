"""A job's fields, each with its unit, its default and the reason for it."""

import os
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from common.redaction import HIDDEN, quote
from common.settings import Settings
from common.storage import is_uri
from common.stores import SCHEMES
from pipeline.job.motion_spec import MotionSpec, is_single
from stages.model_files import BUNDLED, ModelFiles
from stages.video_settings import VideoSettings

LONGEST_NAME = 100
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
OF_WINDOWS = re.compile(r"(?:^|/)([A-Za-z]:\\|\\\\)")
# Of shells, of Windows and of templates.
VARIABLE = re.compile(r"\$(\{[^}]*\}|\([^)]*\)|[A-Za-z_]\w*)|`[^`]*`|%[A-Za-z_]\w*%|\{\{.*?\}\}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _check_store(uri: str) -> str:
    """A URI of a store that can be read, whole, without a password left in it by another run's mask."""
    scheme = uri.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f'expected one of {known}, found "{scheme}://"')
    if scheme in ("s3", "gs") and not urlsplit(uri).netloc:
        raise ValueError(f'expected a bucket after "{scheme}://", found "{uri}"')
    if HIDDEN in uri:
        raise ValueError(
            f'the credentials in "{uri}" were hidden when the run wrote its job.yaml: '
            "use `run` with the job's own file, or --set with the whole URI"
        )
    return uri


class ClusterSpec(Settings):
    """Where the work runs."""

    address: str = Field(
        default="local",
        description="`local`: this machine; `auto`: the Ray cluster that this machine belongs to; `ray://HOST:PORT`: "
        "another.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Render workers.",
        json_schema_extra={"default": "as many as fit"},
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="`auto` uses GPUs where there are any; `cuda` refuses to start without one."
    )
    object_store_mb: int = Field(
        default=256,
        ge=80,
        le=1_000_000,
        description="Ray's shared memory in a local run, MB. It holds crops, never frames.",
    )
    stall_timeout: float = Field(
        default=3600.0,
        ge=10,
        le=1e6,
        description="Seconds without any worker that could be started, after which the run gives up.",
    )
    row_timeout: float = Field(
        default=1800.0,
        ge=1,
        le=1e6,
        description="Seconds that a row may take in detection, and again in rendering; then its worker is stopped and "
        "the row tried once more. Long videos on CPUs may need more.",
    )
    fetch_timeout: float = Field(
        default=60.0,
        ge=1,
        le=1e6,
        description="Seconds that an image may take to arrive, each time that it is read: twice with `pixels: picture` "
        "or `layout: paste`.",
    )
    patience: float = Field(
        default=1800.0,
        ge=0,
        le=1e6,
        description="Seconds that a run waits for space on a full disk, or for a lost mount, before it stops.",
    )
    dashboard: bool = Field(
        default=False,
        description="Start Ray's dashboard in a local run. It listens on a port and needs the extra `cluster`.",
    )

    @field_validator("address")
    @classmethod
    def _known_address(cls, address: str) -> str:
        if address not in ("local", "auto") and not re.fullmatch(r"ray://[^\s/:]+:\d+", address):
            raise ValueError(f"expected local, auto, or ray://host:port, found {quote(address)}")
        return address


class JobSpec(Settings):
    """A whole job, with its paths made absolute."""

    name: str = Field(
        pattern=f"^{NAME}$",
        max_length=LONGEST_NAME,
        description="The job's name.",
        json_schema_extra={"default": "the file's name"},
    )
    model: ModelFiles = Field(
        default=BUNDLED,
        description="Name of a registered model, path of a checkpoint that holds all parts, or the parts one by one.",
        json_schema_extra={"default": "`synthface`"},
    )
    motion: dict[str, MotionSpec] = Field(
        min_length=1,
        description="The motion: one of `clip`, `file` and `text`. Or several by name, among which the manifest's "
        "column `motion` chooses.",
    )
    manifest: Path | str = Field(
        description="The faces: a path, a folder of parts, a pattern such as `lists/*.csv`, or a URI."
    )
    columns: dict[Literal["id", "image", "motion", "strength", "seed"], str] = Field(
        default_factory=dict,
        description="What the manifest's columns are called in the file: `{id: participant, image: path}`.",
        json_schema_extra={"default": "their own names"},
    )
    network: bool = Field(
        default=False,
        description="Whether images may come from `https://` and `hf://`. Off, as a manifest may name any host; `plan` "
        "lists the hosts.",
    )
    video: VideoSettings = Field(default_factory=VideoSettings, description="What every video looks like.")
    iterations: int = Field(
        default=5,
        ge=1,
        le=100,
        description="ReStyle's steps for each face. 5 as in the paper; more change little.",
    )
    rehearsal: bool = Field(
        default=False,
        description="Do all but invert and animate: each video shows its face at rest. Finds bad rows in a fraction of "
        "the time, and tries cluster, disks and servers.",
    )
    detector: str = Field(
        default="haar",
        description="How faces are found: `haar` needs no weights; or the weights file of one of face-alignment's "
        "detectors (S3FD, RetinaFace, YuNet), known by its contents or named: `sfd:FILE`, `retinaface:FILE`, "
        "`yunet:FILE`.",
    )
    cluster: ClusterSpec = Field(default_factory=ClusterSpec, description="Where the work runs.")
    output: Path = Field(
        description="Folder for everything that is made, on a disk or a shared mount.",
        json_schema_extra={"default": "`outputs/<name>`"},
    )
    videos: str = Field(
        default="",
        description="Where the videos go instead: a URI such as `s3://bucket/smile`. All else stays in the output "
        "folder.",
        json_schema_extra={"default": "`videos/` in the output"},
    )
    made_with: dict[str, Any] = Field(
        default_factory=dict, description="Versions and checkpoints of the run that wrote this file; ignored when read."
    )

    @field_validator("model", mode="before")
    @classmethod
    def _whole_model(cls, model: Any) -> Any:
        """One name stands for all four parts."""
        return dict.fromkeys(ModelFiles.model_fields, model) if isinstance(model, str) else model

    @field_validator("motion", mode="before")
    @classmethod
    def _named(cls, motion: Any, info: Any) -> Any:
        """A single motion goes by the job's name."""
        if isinstance(motion, dict) and motion and is_single(motion):
            return {info.data.get("name", "motion"): motion}
        return motion

    @field_validator("motion")
    @classmethod
    def _file_safe(cls, motion: dict[str, MotionSpec]) -> dict[str, MotionSpec]:
        for name in motion:
            if not re.fullmatch(NAME, name):
                raise ValueError(f'the name "{name}" becomes a file name: use letters, digits, ".", "_" and "-"')
            if len(name) > LONGEST_NAME:
                raise ValueError(f'the name "{name[:20]}…" becomes a file name: use at most {LONGEST_NAME} letters')
        folded = [name.casefold() for name in motion]
        if twice := next((name for name in motion if folded.count(name.casefold()) > 1), ""):
            raise ValueError(f'the name "{twice}" is there in other capitals too, and some disks hold them for one')
        return motion

    @field_validator("output", mode="before")
    @classmethod
    def _on_disk(cls, path: Any) -> Any:
        if isinstance(path, str) and is_uri(path):
            raise ValueError(f'expected a path on a disk or a shared mount, found "{path}"; videos may go to a URI')
        if isinstance(path, str) and (variable := VARIABLE.search(path)):
            raise ValueError(f"{variable[0]} is not replaced here: write the whole path, or give --output")
        if isinstance(path, str) and CONTROL.search(path):
            raise ValueError("a line break, a tab or another control character is in it. Write it in one line")
        if isinstance(path, str) and os.name != "nt" and OF_WINDOWS.search(path):
            raise ValueError("a path of Windows, and this is another system: write it as it is called here")
        return path

    @field_validator("manifest", mode="before")
    @classmethod
    def _path_or_uri(cls, place: Any) -> Any:
        if isinstance(place, list):
            raise ValueError(
                "expected one path or URI, found a list; a pattern such as lists/*.csv names several files"
            )
        if not isinstance(place, str | Path):  # of a union pydantic would tell what is wrong with each of its parts
            raise PydanticCustomError("place_type", "a path or a URI")
        if isinstance(place, Path):
            return place
        return _check_store(place) if is_uri(place) else Path(place)

    @field_validator("columns")
    @classmethod
    def _each_its_own(cls, columns: dict[str, str]) -> dict[str, str]:
        if doubled := sorted({name for name in columns.values() if [*columns.values()].count(name) > 1}):
            raise ValueError(f'"{doubled[0]}" cannot stand for two columns')
        return columns

    @field_validator("videos")
    @classmethod
    def _uri(cls, place: str) -> str:
        if place and not is_uri(place):
            raise ValueError(f'expected a URI such as s3://bucket/smile, found "{place}"; a folder is meant by output')
        return _check_store(place) if place else ""

    def resolved(self) -> dict[str, Any]:
        """The job as plain data for `job.yaml`: every field with its value, every path absolute."""
        return self.model_dump(mode="json", exclude={"made_with"} if not self.made_with else None)
