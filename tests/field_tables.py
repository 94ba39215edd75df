"""Writes the tables of fields in `docs/files.md` from the code: `python -m tests.field_tables`."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stages.result_row import COLUMNS

PAGE = Path(__file__).parents[1] / "docs/files.md"
KINDS: dict[object, str] = {str: "text", int: "whole number", float: "number"}
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


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = (head, ["---"] * len(head), *([re.sub(r"(?=\|)", r"\\", cell) for cell in row] for row in rows))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: dict[str, Callable[[], str]] = {"results": _results}


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
