"""A job's `motion`: a clip, a file or a sentence, and how a movement is made of it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from common.errors import TextError
from pipeline.job.spec_part import SpecPart, check_layers
from stages.motion.prompts import DEGREES, PLACE, captions


class AnchorsSpec(SpecPart):
    """How a sentence becomes anchors: StyleCLIP's optimisation, with the micromotion paper's values as defaults."""

    degrees: tuple[str, ...] = Field(
        default=DEGREES,
        max_length=100,
        description='What stands for "{degree}", from rest to the extreme; default: no, 10% … 100%, as the paper.',
    )
    seeds: tuple[int, ...] = Field(
        default=(1, 2, 3, 4),
        min_length=1,
        max_length=1000,
        description="One anchor identity for each number; what they share is the movement. One is the paper's way.",
    )
    steps: int = Field(default=40, ge=1, le=10_000, description="Steps of Adam for each identity; the paper's 40.")
    rate: float = Field(
        default=0.1, gt=0, le=10, description="Largest learning rate, in units of W+; more leaves the faces' space."
    )
    rise: float = Field(default=0.05, ge=0, le=1, description="Share of the steps over which the rate rises.")
    fall: float = Field(default=0.25, ge=0, le=1, description="Share of the steps over which it falls, as a cosine.")
    distance_weight: float = Field(
        default=0.008,
        ge=0,
        le=1e6,
        description="Holds anchors near their start: on the squared distance in W+. Less moves further.",
    )
    identity_weight: float = Field(
        default=0.005,
        ge=0,
        le=1e6,
        description="Holds anchors to their identity: on 1 - cosine of the identity network.",
    )
    truncation: float = Field(
        default=0.7, ge=0, le=2, description="How far the identities lie from the average face: 0 is that face itself."
    )
    layers: tuple[int, int] | None = Field(
        default=None,
        description="First and last + 1 of the generator's layers that anchors may move in; default: all of them.",
    )

    @field_validator("layers")
    @classmethod
    def _range(cls, layers: tuple[int, int] | None) -> tuple[int, int] | None:
        return check_layers(layers)

    @field_validator("degrees")
    @classmethod
    def _distinct(cls, degrees: tuple[str, ...]) -> tuple[str, ...]:
        _captions(PLACE, degrees)
        return degrees

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) >= 2**63:
            raise ValueError(f"expected different whole numbers from 0 on, found {', '.join(map(str, seeds))}")
        return seeds


class MotionSpec(SpecPart):
    """Where a movement comes from: one of `clip`, `file` and `text`; the rest says how it is made and fitted."""

    clip: str | None = Field(
        default=None, description="Video of one face making the movement, at rest in its first frames."
    )
    file: str | None = Field(
        default=None, description="Movement extracted earlier (.safetensors), or a published direction (.pt)."
    )
    text: str | None = Field(
        default=None,
        max_length=2000,
        description='Sentence with "{degree}" in it, e.g. "a person with {degree} smile".',
    )
    anchors: AnchorsSpec = Field(
        default_factory=AnchorsSpec, description="How a sentence becomes anchors; of no use beside clip and file."
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
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            _captions(text, DEGREES)
        return text

    @model_validator(mode="after")
    def _anchors_of_text(self) -> Self:
        if self.text is None and self.anchors != AnchorsSpec():
            raise ValueError("anchors are made from a text, and there is none")
        return self


def _captions(template: str, degrees: tuple[str, ...]) -> None:
    """Refuse a sentence or degrees in the way that pydantic reports."""
    try:
        captions(template, degrees)
    except TextError as error:
        raise ValueError(str(error).rstrip(".")) from error


def is_single(motion: Mapping[str, Any]) -> bool:
    """Whether a job's `motion` is one movement's fields, and not several movements by name."""
    sources = (motion.get(name) for name in ("clip", "file", "text"))
    return any(source is not None and not isinstance(source, Mapping) for source in sources) or not any(
        isinstance(value, Mapping) for value in motion.values()
    )
