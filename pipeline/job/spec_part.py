"""What every part of a job's specification is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


class SpecPart(BaseModel):
    """What every part of a job has in common: no field that we do not know, no change once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)


def check_layers(layers: tuple[int, int] | None) -> tuple[int, int] | None:
    """A range of layers that is one."""
    if layers is not None and not 0 <= layers[0] < layers[1]:
        raise ValueError("expected [first, last + 1] with 0 <= first < last + 1")
    return layers
