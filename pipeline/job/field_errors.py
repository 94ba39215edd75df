"""Messages about wrong fields of a job."""

import difflib
import math
from typing import Any

from common.formatting import count
from common.redaction import cut, one_line, quote
from common.settings import Settings, settings_of
from pipeline.job.motion_spec import is_single
from pipeline.job.spec import JobSpec

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


def describe_problem(problem: Any, data: dict[str, Any]) -> str:
    """One of pydantic's errors as a message: field, what was found, what is allowed.

    Args:
        problem: of `ValidationError.errors`.
        data: the job as it was read.
    """
    location = _field_name(problem["loc"], data)
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
    return (
        f"{location}: expected {_describe_allowed(kind, context, problem['msg'])}, found {shorten(problem['input'])}."
    )


def _field_name(location: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """`video.frames` of pydantic's location, without the name that a lone motion was given."""
    names = list(location)
    motion = data.get("motion")
    if len(names) > 1 and names[0] == "motion" and isinstance(motion, dict) and is_single(motion):
        del names[1]
    return ".".join(cut(str(name), 60) for name in names) or "the job"


def _known_fields(location: tuple[int | str, ...]) -> list[str]:
    """The fields of the part of a job at a location."""
    part: type[Settings] = JobSpec
    for name in location:
        part = settings_of(part, str(name)) or part  # a motion's own name is none of its fields
    return [name for name in part.model_fields if name != "made_with"]


def _describe_allowed(kind: str, context: dict[str, Any], message: str) -> str:
    """What a field may hold."""
    if kind == "literal_error":
        return str(context["expected"]).replace("'", "")
    if kind == "string_pattern_mismatch":
        return 'letters, digits, ".", "_" and "-" (it becomes a file name)'
    if kind == "too_short":
        return f"at least {count(context['min_length'], 'entry', 'entries')}"
    for name, words in BOUNDS.items():
        if name in context:
            return (
                f"{words} {context[name]:g}" if isinstance(context[name], int | float) else f"{words} {context[name]}"
            )
    for start, words in KINDS.items():
        if kind.startswith(start):
            return words
    return message[0].lower() + message[1:]


def shorten(value: Any) -> str:
    """A value as a sentence quotes it."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        names = [cut(one_line(str(name)), 60) for name in value]
        return f"fields ({', '.join(names[:8]) or 'none'}{', …' if len(names) > 8 else ''})"
    text = "nothing" if value is None else one_line(str(value))
    return cut(text, 60)
