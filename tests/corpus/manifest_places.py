"""Manifests by where they and their images are, and by what becomes of odd ids, numbers and encodings."""

import datetime
import gzip
import json
import uuid
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus.kinds import Kind
from tests.corpus.manifest_files import CSV, IDS, IMAGES, LINES, ROWS, cells, has, same, table, text
from tests.manifests.test_formats import workbook


def parts(pattern: str, folder: Path) -> Path:
    """A folder with a Parquet file for each face, or a pattern that fits them."""
    for number, (id_, image) in enumerate(zip(IDS, IMAGES, strict=True)):
        pq.write_table(pa.table({"id": [id_], "image": [image]}), folder / f"part-{number}.parquet")
    return folder / pattern


def partitioned(folder: Path) -> Path:
    """A folder for each motion, as Hive and Spark write it."""
    (folder / "motion=smile").mkdir()
    pq.write_table(pa.table({"id": IDS, "image": IMAGES}), folder / "motion=smile/part-0.parquet")
    return folder


def at(start: str) -> str:
    """The CSV with something before each image's name."""
    return "\n".join(["id,image", *(line.replace(",", f",{start}") for line in LINES), ""])


def named(id_: str) -> str:
    """The CSV with another first id."""
    return CSV.replace("anna", id_)


PLACES = [
    Kind("A folder of Parquet files", partial(parts, ""), right=same),
    Kind("A pattern (part-*.parquet)", partial(parts, "part-*.parquet"), right=same),
    Kind("A pattern that nothing fits", partial(parts, "face-*.parquet"), "refused", says="no file fits"),
    Kind("Folders that name a column (motion=smile)", partitioned, right=has("motion", ["smile"] * 3)),
    text("A workbook (.xlsx, with the extra workbooks)", "m.xlsx", workbook(), right=lambda found: len(found) == 2),
    text("CSV, packed twice", "m.csv.gz", gzip.compress(gzip.compress(CSV.encode()))),
    text("CSV, packed and cut short", "m.csv.gz", gzip.compress(CSV.encode() * 9)[:-20], "refused", says="Truncated"),
    text("CSV called .parquet", "m.parquet", CSV, "refused", says="expected Parquet by its name"),
    text("JSON lines called .csv", "m.csv", "".join(json.dumps(row) + "\n" for row in ROWS)),
    *(
        text(f"Images at {start}", "m.csv", at(start))
        for start in (
            "file:/faces/",
            "file:///faces/",
            "https://example.org/",
            "hf://datasets/owner/name/",
            "s3://bucket/",
        )
    ),
    *(
        text(f"Images at {start}", "m.csv", at(start), "refused", says=says)
        for start, says in (
            ("C:\\faces\\", "a path of Windows"),
            ("\\\\server\\faces\\", "a path of Windows"),
            ("file://server/faces/", "names another machine"),
            ("~/faces/", "is not replaced by a folder"),
            ("s3a://bucket/", "write s3://"),
            ("data:image/png;base64", "written out as text"),
        )
    ),
]
IDENTITIES = [
    text(
        "No ids",
        "m.csv",
        CSV.replace("id,image", "note,image"),
        "converted",
        lambda found: found.table["id"].to_pylist() == ["a", "b", "c"],
        "ids are made of the images' names",
    ),
    text("Ids of other scripts", "m.csv", named("한국"), right=lambda found: found.table["id"][0].as_py() == "한국"),
    table(
        "UUIDs as ids",
        lambda: {"id": pa.array([uuid.UUID(int=number).bytes for number in range(3)], pa.uuid())},
        right=lambda found: found.table["id"][2].as_py() == str(uuid.UUID(int=2)),
    ),
    table("Dates as ids", lambda: {"id": [datetime.date(2024, 1, day) for day in (1, 2, 3)]}, "refused", says="date32"),
    table("A struct as id", lambda: {"id": [{"a": "x"}] * 3}, "refused", says="found struct"),
    *(
        text(f"An id {name}", "m.csv", named(id_), "refused", says=says)
        for name, id_, says in (
            ("with a slash", "a/b", 'for instance "a_b"'),
            ("with an emoji", "😀", "names a file"),
            ("with an invisible sign", "an\u200bna", "u200b"),
            ("of 300 letters", "a" * 300, "300 bytes long"),
            ("that Windows keeps for a device", "CON", "a device on Windows"),
        )
    ),
    text(
        "The same id twice, its accent written in two ways",
        "m.csv",
        "id,image\nan\u00e9,a.jpg\nane\u0301,b.jpg\n",
        "refused",
        says="row 2",
    ),
]
NUMBERS = [
    text(
        "Strength with a decimal comma, in a CSV with semicolons",
        "m.csv",
        cells("strength", "0,5", "1", "").replace(",", ";").replace("0;5", "0,5"),
        right=has("strength", [0.5, 1.0, None]),
    ),
    text(
        "NaN in JSON lines",
        "m.jsonl",
        "".join(json.dumps(row | {"strength": float("nan")}) + "\n" for row in ROWS),
        right=has("strength", [None] * 3),
    ),
    text("A strength without end", "m.csv", cells("strength", "inf", "1", "1"), "refused", says="a finite number"),
    text("A strength beyond all numbers", "m.csv", cells("strength", "1e400", "1", "1"), "refused", says="finite"),
    table("A list as strength", lambda: {"strength": [[1.0]] * 3}, "refused", says="found list"),
    text("Seeds written as 1e3", "m.csv", cells("seed", "1e3", "1.0", ""), right=has("seed", [1000, 1, None])),
    text("A seed of 20 digits", "m.csv", cells("seed", "9" * 20, "1", "1"), "refused", says="below 2^53"),
    text(
        "Further columns of digits, as they are written",
        "m.csv",
        cells("zip", "01234", "1E5", "0x1F"),
        right=has("zip", ["01234", "1E5", "0x1F"]),
    ),
    table(
        "Further columns called as those of results",
        lambda: {"status": ["a", "b", "c"], "video": [1, 2, 3]},
        right=has("status", ["a", "b", "c"]),
    ),
    table(
        "No rows", lambda: {"id": pa.array([], pa.string()), "image": pa.array([], pa.string())}, "refused", says="no"
    ),
]
WRITING = [
    text("CSV in single quotes", "m.csv", CSV.replace("anna", "'anna'"), "refused", says="row 1"),
    text(
        "CSV with backslashes before quotes", "m.csv", cells("note", '"5\\" tall"', "x", "y"), "refused", says="row 1"
    ),
    text("CSV, cells apart by blanks", "m.csv", CSV.replace(",", "  "), "refused", says="as the separator"),
    *(
        text(f"CSV in {name}", "m.csv", cells("note", words, "x", "y").encode(name), "refused", says="Save it in UTF-8")
        for name, words in (("Shift-JIS", "日本語テキスト"), ("GBK", "中文内容测试"), ("KOI8-R", "Привет мир"))
    ),
    text(
        "JSON lines, a key twice", "m.jsonl", '{"id": "anna", "id": "b", "image": "a.jpg"}\n', "refused", says="twice"
    ),
    text(
        "JSON lines, images as objects with a path",
        "m.jsonl",
        "".join(json.dumps(row | {"image": {"bytes": None, "path": row["image"]}}) + "\n" for row in ROWS),
    ),
    text("JSON, rows inside an object", "m.json", json.dumps({"data": ROWS}), "refused", says="Save the rows alone"),
    text(
        "JSON, pandas' split",
        "m.json",
        json.dumps({"columns": ["id", "image"], "index": [0], "data": [["anna", "a.jpg"]]}),
        "refused",
        says="Save the rows alone",
    ),
    text(
        "A table of Markdown",
        "m.csv",
        "| id | image |\n|----|-------|\n| anna | a.jpg |\n",
        "refused",
        says="row 1 (line 2): dashes",
    ),
    text("JSON, nested 2,000 deep", "m.json", "[" * 2000 + "]" * 2000, "refused", says="nested too deeply"),
]
MORE_MANIFESTS = [*PLACES, *IDENTITIES, *NUMBERS, *WRITING]
