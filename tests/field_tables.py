"""Writes the tables of fields in `docs/files.md` from the code: `python -m tests.field_tables`."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from common.settings import Settings, settings_of
from pipeline.job.spec import JobSpec
from stages.result_row import COLUMNS

PAGE = Path(__file__).parents[1] / "docs/files.md"
KINDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    dict: "fields",
}
BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "min_length": "length ≥ {}", "max_length": "length ≤ {}"}
BEST = {"high": "high", "low": "low", "one": "1", "zero": "0", "": ""}


def render(page: str) -> str:
    """A page with every table between its two marks written anew."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: python -m tests.field_tables -->\n", f"<!-- end of {name} -->\n"
        before, after = page.index(begin) + len(begin), page.index(end)
        page = page[:before] + table() + page[after:]
    return page


def _results() -> str:
    rows = ((f"`{one.name}`", KINDS[one.type], one.unit, BEST[one.best], one.meaning) for one in COLUMNS.values())
    return _table(("column", "type", "unit", "best", "meaning"), rows)


def _job() -> str:
    return _table(("field", "type", "default", "meaning"), _fields(JobSpec))


def _fields(part: type[Settings], prefix: str = "") -> Iterator[Sequence[str]]:
    """A part's fields and, after each that is a part itself, those in it."""
    for name, field in part.model_fields.items():
        inner = settings_of(part, name)
        kind = "fields" if inner else f"{_kind(field.annotation)}{_range(field.metadata)}"
        yield f"`{prefix}{name}`", kind, _default(field), str(field.description)
        if inner:
            yield from _fields(inner, f"{prefix}{name}.")


def _kind(annotation: Any) -> str:
    """A type in words."""
    kind, inner = get_origin(annotation), [one for one in get_args(annotation) if one is not type(None)]
    if kind is Annotated:
        return _kind(inner[0])
    if kind is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if kind in (Union, UnionType):
        return " or ".join(_kind(one) for one in inner)
    if kind is tuple:
        return f"list, each a {_kind(inner[0])}" if inner[-1] is ... else f"[{', '.join(map(_kind, inner))}]"
    return KINDS[kind or annotation]


def _range(limits: Sequence[Any]) -> str:
    """The bounds of a number, or of how many characters or items there may be."""
    bounds = {name: f"{getattr(one, name):,.15g}" for one in limits for name in BOUNDS if hasattr(one, name)}
    return ", ".join(["", *(BOUNDS[name].format(bound) for name, bound in bounds.items())])


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return str(extra["default"])
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == {} or isinstance(value, Settings):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = (head, ["---"] * len(head), *([re.sub(r"(?=\|)", r"\\", cell) for cell in row] for row in rows))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: dict[str, Callable[[], str]] = {"job": _job, "results": _results}


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
