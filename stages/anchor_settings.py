"""How a prompt becomes anchors: a job's `motion.anchors`."""

from pydantic import Field, field_validator

from common.errors import TextError
from common.settings import Settings
from stages.layer_range import LayerRange
from stages.motion.prompts import DEGREES, PLACE, captions

# Of memory on the CPU, for as many prompts as it holds at a time; a GPU takes what it has free.
CPU_BYTES = 6 << 30


class Optimisation(Settings):
    """How the anchors of one identity are led to their texts: StyleCLIP's optimisation, the paper's values."""

    steps: int = Field(default=40, ge=1, le=10_000, description="Steps of Adam for each identity.")
    rate: float = Field(
        default=0.1,
        gt=0,
        le=10,
        description="Largest learning rate, in units of W+; with more, codes leave the space of faces.",
    )
    rise: float = Field(
        default=0.05, ge=0, le=1, description="Share of the steps over which the learning rate rises linearly."
    )
    fall: float = Field(
        default=0.25, ge=0, le=1, description="Share of the steps over which the learning rate falls as a cosine."
    )
    distance_weight: float = Field(
        default=0.008,
        ge=0,
        le=1e6,
        description="Weight of the squared distance in W+ from the start, summed over the code. Less moves further.",
    )
    identity_weight: float = Field(
        default=0.005, ge=0, le=1e6, description="Weight of 1 - cosine of the identity network's embeddings."
    )
    truncation: float = Field(
        default=0.7, ge=0, le=2, description="Truncation of the start: 0 is the average face, 1 the full variety."
    )
    layers: LayerRange | None = Field(
        default=None,
        description="The generator's layers in which anchors may move: `[first, last + 1]`.",
        json_schema_extra={"default": "all"},
    )


class AnchorSettings(Optimisation):
    """Which anchors a prompt becomes, and how."""

    degrees: tuple[str, ...] = Field(
        default=DEGREES,
        max_length=100,
        description="What stands for `{degree}`, from rest to the extreme.",
        json_schema_extra={"default": "no, 10%, 20% … 100%"},
    )
    seeds: tuple[int, ...] = Field(
        default=(1, 2, 3, 4),
        min_length=1,
        max_length=1000,
        description="One anchor identity for each seed; the motion is what they share. The paper has one.",
    )

    @field_validator("degrees")
    @classmethod
    def _distinct(cls, degrees: tuple[str, ...]) -> tuple[str, ...]:
        check_prompt(PLACE, degrees)
        return degrees

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) >= 2**63:
            raise ValueError(f"expected different whole numbers from 0 on, found {', '.join(map(str, seeds))}")
        return seeds


def check_prompt(prompt: str, degrees: tuple[str, ...]) -> None:
    """Make sure that a prompt and degrees make anchors, in the way that pydantic reports.

    Raises:
        ValueError: they do not.
    """
    try:
        captions(prompt, degrees)
    except TextError as error:
        raise ValueError(str(error).rstrip(".")) from error
