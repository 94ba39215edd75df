"""A job's `motion`: a clip, a file or a prompt, and how a motion is made of it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from common.settings import Settings
from stages.anchor_settings import AnchorSettings, check_prompt
from stages.motion.prompts import DEGREES


class MotionSpec(Settings):
    """Where a motion comes from: one of `clip`, `file` and `text`; the rest says how it is extracted and fitted."""

    clip: str | None = Field(
        default=None,
        description="Video, or animated GIF, WebP or PNG, of one face that starts at rest and makes the motion. HDR, "
        "interlaced, turned and non-square pixels are converted; damaged and cut short files are refused.",
    )
    file: str | None = Field(
        default=None, description="Motion extracted earlier (`.safetensors`), or a published direction (`.pt`)."
    )
    text: str | None = Field(
        default=None,
        max_length=2000,
        description='Prompt with `{degree}` in it, such as "a person with {degree} smile": '
        "[text-anchors.md](text-anchors.md).",
    )
    anchors: AnchorSettings = Field(
        default_factory=AnchorSettings, description="How a prompt becomes anchors; only with `text`."
    )
    max_anchors: int = Field(
        default=64, ge=2, le=4096, description="Frames of the clip that become anchors, evenly spread over its time."
    )
    rank: int | None = Field(
        default=None,
        ge=1,
        le=512,
        description="Dimensions of the motion.",
        json_schema_extra={"default": "as many as `energy` needs"},
    )
    energy: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Share of the anchors' variation that the dimensions hold; 0.95 leaves out noise and jitter.",
    )
    per_layer: bool = Field(
        default=False, description="Decompose each layer by itself, as the paper's code does, not all together."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("clip", "file", "text") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of clip, file, text; found {' and '.join(given) or 'none of them'}")
        return self

    @field_validator("text")
    @classmethod
    def _valid_prompt(cls, text: str | None) -> str | None:
        if text is not None:
            check_prompt(text, DEGREES)
        return text

    @model_validator(mode="after")
    def _anchors_of_text(self) -> Self:
        if self.text is None and self.anchors != AnchorSettings():
            raise ValueError("anchors are made from a text, and there is none")
        return self

    @model_validator(mode="after")
    def _fit_of_anchors(self) -> Self:
        """Refuse what has no effect on this source; a default does no harm."""
        idle = [] if self.clip else ["max_anchors"]
        if self.file is not None:
            idle += ["rank", "energy", "per_layer"]
        for name in idle:
            if getattr(self, name) != type(self).model_fields[name].default:
                source = "is ready in its file" if self.file else "is made from a text"
                raise ValueError(f"{name} says how a clip becomes a motion, and this one {source}. Remove {name}")
        return self


def is_single(motion: Mapping[str, Any]) -> bool:
    """Whether a job's `motion` is one motion's fields, and not several motions by name."""
    sources = (motion.get(name) for name in ("clip", "file", "text"))
    return any(source is not None and not isinstance(source, Mapping) for source in sources) or not any(
        isinstance(value, Mapping) for value in motion.values()
    )
