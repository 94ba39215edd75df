"""The page of a report, taken apart."""

import warnings
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.report.html import write_report
from tests.pipeline.report.made_results import SCHEMA

VOID = {"meta", "img", "rect", "polyline", "br", "link", "input"}


class Page(HTMLParser):
    """What a report's page holds: its tags in balance, attributes by tag, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(output: Path, rows: list[dict[str, object]]) -> Page:
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), output / "results.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return Page(write_report(output).read_text(encoding="utf-8"))
