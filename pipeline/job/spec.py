"""What a job may say: every field with its unit, its default and the reason for it."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from common.redaction import HIDDEN, redact
from common.storage import is_uri
from common.stores import SCHEMES
from pipeline.job.motion_spec import MotionSpec, is_single
from pipeline.job.spec_part import NAME, Finite, SpecPart, check_layers


class ModelSpec(SpecPart):
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
    clip: str = Field(
        default="synthface",
        description="CLIP that reads a motion's text: a folder, or a model of the hub that is in its cache here; "
        "default: the bundled one, which knows renders only.",
    )


def _check_store(uri: str) -> str:
    """A URI of a store that can be read, whole, without a password left in it by another run's mask."""
    scheme = uri.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f'expected one of {known}, found "{scheme}://"')
    if HIDDEN in uri:
        raise ValueError(
            f'the credentials in "{uri}" were hidden when the run wrote its job.yaml: '
            "use `run` with the job's own file, or --set with the whole URI"
        )
    return uri


class VideoSpec(SpecPart):
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
    pixels: Literal["picture", "generator"] = Field(
        default="picture",
        description="picture: its own pixels, moved as the generator says; generator: the generator's face instead.",
    )
    longest: int = Field(
        default=1024,
        ge=64,
        le=8192,
        description="Pixels of a crop's side at most; a crop of its picture's own pixels is never enlarged.",
    )
    layout: Literal["crop", "side_by_side", "paste"] = Field(
        default="crop",
        description="crop: the face alone; side_by_side: the still beside it; paste: in its whole picture.",
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
        return check_layers(layers)


class ClusterSpec(SpecPart):
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
        description="Seconds in which no worker could be started, after which the run gives up.",
    )
    row_timeout: float = Field(
        default=1800.0,
        ge=1,
        le=1e6,
        description="Seconds that a face may take to be found, and again to be moved and rendered; then its worker is "
        "stopped and the row tried once more. Long videos on CPUs may need more.",
    )
    fetch_timeout: float = Field(
        default=60.0, ge=1, le=1e6, description="Seconds that a picture may take to arrive from its disk or server."
    )
    patience: float = Field(
        default=1800.0,
        ge=0,
        le=1e6,
        description="Seconds that a run waits for room on a full disk, or for a mount that went away, before it stops.",
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


class JobSpec(SpecPart):
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
    manifest: Path | str = Field(
        description="The faces, with the columns id and image: Parquet, CSV, JSON lines, Arrow or a workbook; a path, "
        "a folder of such files, a pattern such as lists/*.csv, or a URI."
    )
    columns: dict[Literal["id", "image", "motion", "strength", "seed"], str] = Field(
        default_factory=dict,
        description="What the manifest's columns are called in the file, e.g. {id: participant, image: path}; default: "
        "by their own names.",
    )
    network: bool = Field(
        default=False,
        description="Whether images may come from the network (https://, hf://); off, for a list may name any host.",
    )
    video: VideoSpec = Field(default_factory=VideoSpec, description="What every video looks like.")
    iterations: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Steps of the inverter for each face; 5 as in the paper, more change little.",
    )
    rehearsal: bool = Field(
        default=False,
        description="Do all but invert and move: each video shows its face at rest. Finds bad rows in a fraction of "
        "the time, and tries cluster, disks and servers.",
    )
    detector: str = Field(default="haar", description="How faces are found; haar needs no further weights.")
    cluster: ClusterSpec = Field(default_factory=ClusterSpec, description="Where the work runs.")
    output: Path = Field(description="Folder for everything that is made; default: outputs/<name> beside the job file.")
    videos: str = Field(
        default="",
        description="Where the videos go instead, a URI such as s3://bucket/smile; default: videos/ in the output.",
    )
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
        if isinstance(motion, dict) and motion and is_single(motion):
            return {info.data.get("name", "motion"): motion}
        return motion

    @field_validator("motion")
    @classmethod
    def _file_safe(cls, motion: dict[str, MotionSpec]) -> dict[str, MotionSpec]:
        for name in motion:
            if not re.fullmatch(NAME, name):
                raise ValueError(f'the name "{name}" becomes a file name: use letters, digits, ".", "_" and "-"')
        return motion

    @field_validator("output", mode="before")
    @classmethod
    def _on_disk(cls, path: Any) -> Any:
        if isinstance(path, str) and is_uri(path):
            raise ValueError(
                f'expected a path on a disk or a shared mount, found "{redact(path)}"; videos may go to a URI'
            )
        return path

    @field_validator("manifest", mode="before")
    @classmethod
    def _path_or_uri(cls, place: Any) -> Any:
        if isinstance(place, list):
            raise ValueError(
                "expected one path or URI, found a list; a pattern such as lists/*.csv names several files"
            )
        if not isinstance(place, str):
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
