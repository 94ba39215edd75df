"""Messages about wrong fields of a job."""

import difflib
import math
import re
import unicodedata
from collections.abc import Iterator
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
    "place": "a path or a URI",
}
MOST_OFFERED = 3


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
    if kind == "invalid_key":
        point = " A number's decimal sign is a point (0.6, not 0,6)." if isinstance(problem["input"], int) else ""
        return f"{location} is not a field of a job.{point}"
    if problem["loc"][-1:] == ("[key]",):
        above = _field_name(problem["loc"][:-2], data)
        if kind == "literal_error":
            allowed = _describe_allowed(kind, context, problem["msg"])
            return f"{above}: expected the names {allowed}, found {shorten(problem['input'])}."
        return f"{above}: expected a name, found {shorten(problem['input'])}. Put it into quotes."
    nothing_below = kind == "extra_forbidden" and problem["input"] is None and _has_no_motion(problem["loc"], data)
    if nothing_below or (kind == "too_short" and problem["loc"] == ("motion",)):
        return f"{location} is empty: expected fields, one of clip, file and text among them. Fill it in."
    if kind == "extra_forbidden" and (sign := re.search(r"[^\S\t\n\r ]", str(problem["loc"][-1]))):
        name = unicodedata.name(sign[0], "odd space").lower()
        return f"{location} is not a field of a job: it holds a {name}, pasted from elsewhere. Write a plain space."
    if kind == "extra_forbidden":
        known = _known_fields(problem["loc"][:-1])
        meant = _offered(str(problem["loc"][-1]), known)
        hint = f"Did you mean {' or '.join(meant)}?" if meant else f"Allowed here: {', '.join(known)}."
        return f"{location} is not a field of a job. {hint}"
    allowed = _describe_allowed(kind, context, problem["msg"])
    if kind == "tuple_type" and problem["loc"][-1] != "layers":
        allowed = "a list"
    if kind == "dict_type" and problem["loc"] == ("motion",) and isinstance(problem["input"], str):
        source = "file" if problem["input"].endswith((".safetensors", ".pt")) else "clip"
        return f"{location}: expected {allowed}, found {shorten(problem['input'])}. Write motion: {{{source}: …}}."
    if problem["input"] is None and kind != "value_error":
        mend = "Fill it in, or remove the line for its default" if _has_default(problem["loc"]) else "Fill it in"
        return f"{location} is empty: expected {allowed}. {mend}."
    if kind == "value_error":
        return f"{location}: {context['error']}."
    if isinstance(problem["input"], str) and (number := re.fullmatch(r"\s*(-?\d*),(\d+)\s*", problem["input"])):
        point = f"The decimal sign is a point: {number[1]}.{number[2]}."
        return f"{location}: expected {allowed}, found {shorten(problem['input'])}. {point}"
    mend = " Put it into quotes." if kind == "string_type" and not isinstance(problem["input"], dict | list) else ""
    return f"{location}: expected {allowed}, found {shorten(problem['input'])}.{mend}"


def _field_name(location: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """`video.frames` of pydantic's location, without the name that a lone motion was given."""
    names = list(location)
    motion = data.get("motion")
    if len(names) > 1 and names[0] == "motion" and isinstance(motion, dict) and is_single(motion):
        del names[1]
    return ".".join(cut(str(name), 60) or '""' for name in names) or "the job"


def _known_fields(location: tuple[int | str, ...]) -> list[str]:
    """The fields of the part of a job at a location."""
    part: type[Settings] = JobSpec
    for name in location:
        part = settings_of(part, str(name)) or part  # a motion's own name is none of its fields
    return [name for name in part.model_fields if name != "made_with"]


def _has_default(location: tuple[int | str, ...]) -> bool:
    """Whether a field may be left out of a job."""
    part: type[Settings] = JobSpec
    for name in location[:-1]:
        part = settings_of(part, str(name)) or part
    field = part.model_fields.get(str(location[-1]))
    if field is None or not field.is_required():
        return field is not None
    return isinstance(field.json_schema_extra, dict) and "default" in field.json_schema_extra


def _has_no_motion(location: tuple[int | str, ...], data: dict[str, Any]) -> bool:
    """Whether a location is of a motion's name with nothing below it, which reads as a lone motion's field."""
    motion = data.get("motion")
    return location[:1] == ("motion",) and len(location) == 3 and isinstance(motion, dict) and not any(motion.values())


def _offered(name: str, known: list[str]) -> list[str]:
    """The fields that an unknown one may stand for: one near it in name, or others of a job, whole paths, by name."""
    elsewhere = {path: path.rpartition(".")[2] for path in _nested_fields(JobSpec)}
    same = [path for path, last in elsewhere.items() if last == name]
    if same:
        return same[:MOST_OFFERED]
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return close
    close = difflib.get_close_matches(name, set(elsewhere.values()), n=1, cutoff=0.8)
    return [path for path, last in elsewhere.items() if [last] == close][:MOST_OFFERED]


def _nested_fields(part: type[Settings], above: str = "") -> Iterator[str]:
    """The paths of a part's fields and of those within them."""
    for name in part.model_fields:
        if name != "made_with":
            yield f"{above}{name}"
            if inner := settings_of(part, name):
                yield from _nested_fields(inner, f"{above}{name}.")


def _describe_allowed(kind: str, context: dict[str, Any], message: str) -> str:
    """What a field may hold."""
    if kind == "literal_error":
        return str(context["expected"]).replace("'", "")
    if kind == "string_pattern_mismatch":
        return 'letters, digits, ".", "_" and "-" (it becomes a file name)'
    if kind == "too_short":
        return f"at least {count(context['min_length'], 'entry', 'entries')}"
    if kind == "string_too_long":
        return f"at most {count(context['max_length'], 'character')}"
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
