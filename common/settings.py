"""Settings: validated when they are made, and not changed afterwards. A part of a job is the settings of its stage."""

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Settings(BaseModel):
    """Fields with a type, a range, a default and a description each, from which `docs/files.md` is made.

    Where the default is no plain value, `json_schema_extra["default"]` of the field names it.

    Raises:
        pydantic.ValidationError: a field is unknown, or has a wrong value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Python counts true as 1, and YAML reads yes and on as true."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and (numbers := {int, float} & {kind, *get_args(kind)}):
            raise PydanticKnownError("float_type" if float in numbers else "int_type")
        return value


def settings_of(part: type[Settings], name: str) -> type[Settings] | None:
    """The settings that a field holds, by itself or by name; None where it holds a value or does not exist."""
    if name not in part.model_fields:
        return None
    kind = part.model_fields[name].annotation
    return next((one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, Settings)), None)
