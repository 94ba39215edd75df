"""What the metadata of a file of ours say of its network, checked before anything is built from them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from common.errors import CheckpointError

Width = Annotated[int, Field(ge=1, le=4096)]
Count = Annotated[int, Field(ge=1, le=64)]


class _Settings(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class GeneratorSettings(_Settings):
    """A generator's size: `channels` by the resolution, as JSON has it with names of text."""

    resolution: int
    mapping_layers: Annotated[int, Field(ge=0, le=64)]
    mapping_lr: Annotated[float, Field(gt=0)]
    channels: dict[str, Width]

    @model_validator(mode="after")
    def _sizes_are_those_of_the_resolution(self) -> "GeneratorSettings":
        if self.resolution not in [2**power for power in range(3, 12)]:
            raise ValueError(f"resolution: expected a power of two from 8 to 2048, found {self.resolution}")
        wanted = [str(2**power) for power in range(2, int(math.log2(self.resolution)) + 1)]
        if not set(wanted) <= self.channels.keys():
            raise ValueError(f"channels: expected one each for {', '.join(wanted)}")
        return self


class BodySettings(_Settings):
    """An IR-SE body's size."""

    stem: Width
    widths: list[Annotated[int, Field(ge=16, le=4096)]] = Field(min_length=1, max_length=6)
    units: list[Count]

    @model_validator(mode="after")
    def _stages_have_units(self) -> "BodySettings":
        if len(self.units) != len(self.widths):
            raise ValueError(f"units: expected {len(self.widths)}, one a stage, found {len(self.units)}")
        return self


class EncoderSettings(_Settings):
    """An encoder's size and kind."""

    body: BodySettings
    size: Annotated[int, Field(ge=16, le=1024)]
    head_width: Width
    offsets: bool = False
    pyramid: bool = False
    inputs: Annotated[int, Field(ge=3, le=6)] = 6


class InverterSettings(EncoderSettings):
    """An inverter's: how far its steps lead, and its decoder's size or which generator beside it is its decoder."""

    decoder_settings: GeneratorSettings | None = None
    decoder: str = ""
    decoder_file: Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")] = "generator.safetensors"
    radius: Annotated[float, Field(gt=0)] | None = None


class IdentitySettings(_Settings):
    """An identity network's size."""

    body: BodySettings


class LandmarkSettings(_Settings):
    """A landmark network's size."""

    stacks: Annotated[int, Field(ge=1, le=8)]
    input_size: Annotated[int, Field(ge=64, le=1024, multiple_of=64)]


Kind = TypeVar("Kind", bound=_Settings)


def settings_of(kind: type[Kind], metadata: Mapping[str, Any], path: Path) -> Kind:
    """The settings in a file's metadata.

    Raises:
        CheckpointError: one is missing or cannot be; the sentence names the first.
    """
    try:
        return kind.model_validate(dict(metadata))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise CheckpointError(
            f"{path}: its metadata describe no network ({place}{': ' if place else ''}{said[0].lower()}{said[1:]}). "
            "Import the published file again."
        ) from error
