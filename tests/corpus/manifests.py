"""Manifests of every kind that people bring: each lists three faces."""

import datetime
import decimal
import gzip
import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc

from tests.corpus.kinds import Kind
from tests.corpus.manifest_files import (
    CSV,
    IDS,
    IMAGES,
    ROWS,
    _arrow,
    _bytes,
    _feather,
    _orc,
    _parts,
    _zst,
    cells,
    has,
    same,
    shows_pictures,
    table,
    text,
    typed,
)

JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
FORMATS = [
    text("CSV", "m.csv", CSV),
    text(
        "CSV with Windows line ends and a byte order mark",
        "m.csv",
        b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(),
    ),
    text("CSV with old Mac line ends", "m.csv", CSV.replace("\n", "\r")),
    text("CSV with semicolons", "m.csv", CSV.replace(",", ";")),
    text("CSV with vertical bars", "m.csv", CSV.replace(",", "|")),
    text("CSV with Excel's sep= line", "m.csv", "sep=;\n" + CSV.replace(",", ";")),
    text("TSV", "m.tsv", CSV.replace(",", "\t")),
    text("CSV in UTF-16", "m.csv", CSV.replace(",", "\t").encode("utf-16")),
    text("CSV in UTF-16, big end first", "m.csv", b"\xfe\xff" + CSV.encode("utf-16-be")),
    text("CSV in UTF-32", "m.csv", CSV.encode("utf-32")),
    text(
        "CSV in Windows-1252",
        "m.csv",
        cells("note", "Zürich", "x", "y").encode("cp1252"),
        "converted",
        says="Windows-1252",
    ),
    text(
        "CSV, all cells in quotes, blanks around", "m.csv", 'id , image\n"anna", "a.jpg"\n ben,b.jpg \n"cleo","c.jpg"\n'
    ),
    text("CSV with a line break inside a cell", "m.csv", cells("note", '"one\ntwo"', "x", "y")),
    text("CSV with quotes inside a cell", "m.csv", cells("note", '"5"" tall"', '5" tall', "y")),
    text("CSV with comments above its header", "m.csv", "# faces of May\n" + CSV, "converted", says="begin with #"),
    text(
        "CSV with empty rows and columns",
        "m.csv",
        "id,image,,\nanna,a.jpg,,\n\nben,b.jpg,,\n   \ncleo,c.jpg,,\n,,,\n",
        "converted",
        says="empty lines",
    ),
    text("CSV, headers in capitals", "m.csv", CSV.replace("id,image", "ID,Image")),
    text("CSV, packed with gzip", "m.csv.gz", gzip.compress(CSV.encode())),
    Kind("CSV, packed with Zstandard", _zst, right=same),
    text("JSON lines", "m.jsonl", JSONL),
    text("JSON lines, .ndjson, with a byte order mark", "m.ndjson", b"\xef\xbb\xbf" + JSONL.encode()),
    text("JSON lines, packed", "m.jsonl.gz", gzip.compress(JSONL.encode())),
    text("A JSON array", "m.json", json.dumps(ROWS, indent=1)),
    text("A JSON object of columns", "m.json", json.dumps({"id": IDS, "image": IMAGES})),
    text(
        "A JSON object of columns, as pandas writes it",
        "m.json",
        json.dumps(
            {"id": dict(zip("012", IDS, strict=True)), "image": dict(zip("012", IMAGES, strict=True))}, indent=1
        ),
    ),
    table("Parquet", dict),
    Kind("A folder of Parquet parts, as Spark writes it", _parts, right=same),
    Kind("Arrow, a file", _arrow, right=same),
    Kind("Arrow, a stream", lambda folder: _arrow(folder, True), right=same),
    Kind("Feather", _feather, right=same),
    text("Parquet called .csv", "m.csv", b"", right=same),
]
FORMATS[-1] = Kind(
    "Parquet called .csv", lambda folder: table("", dict).make(folder).rename(folder / "m.csv"), right=same
)
TYPES = [
    table(
        "Whole numbers as ids",
        lambda: {"id": pa.array([1, 2, 3], pa.uint16())},
        right=lambda found: found.table["id"].to_pylist() == ["1", "2", "3"],
    ),
    table(
        "Floating-point ids that are whole",
        lambda: {"id": [1.0, 2.0, 3.0]},
        right=lambda found: found.table["id"].to_pylist() == ["1", "2", "3"],
    ),
    table("Floating-point ids that are not whole", lambda: {"id": [1.5, 2.0, 3.0]}, "refused", says="1.5"),
    *(table(f"Text of the type {kind}", partial(typed, kind)) for kind in (pa.large_string(), pa.string_view())),
    table(
        "Dictionary-encoded text",
        lambda: {"id": pa.array(IDS).dictionary_encode(), "image": pa.array(IMAGES).dictionary_encode()},
    ),
    table("Ids that are bytes", lambda: {"id": pa.array([b"anna", b"ben", b"cleo"])}),
    *(
        table(f"Strength as {name}", partial(dict, strength=values), right=has("strength", [0.5, 1.0, None]))
        for name, values in (
            ("text", pa.array(["0.5", "1", None])),
            ("dictionary-encoded text", pa.array(["0.5", "1", None]).dictionary_encode()),
            ("decimal", pa.array([decimal.Decimal("0.5"), decimal.Decimal("1.0"), None])),
            ("half precision", pa.array([0.5, 1.0, None], pa.float16())),
            ("a number, NaN for nothing", pa.array([0.5, 1.0, float("nan")])),
        )
    ),
    table(
        "Strength as whole numbers",
        lambda: {"strength": pa.array([1, 2, None], pa.int8())},
        right=has("strength", [1.0, 2.0, None]),
    ),
    table("Strength as yes and no", lambda: {"strength": [True, False, True]}, "refused", says='column "strength"'),
    table("A column without any value (null)", lambda: {"strength": pa.nulls(3)}, right=has("strength", [None] * 3)),
    table(
        "Seeds of 64 bits",
        lambda: {"seed": pa.array([2**63 - 1, 0, None], pa.int64())},
        right=has("seed", [2**63 - 1, 0, None]),
    ),
    table(
        "Further columns: lists, structs, times, decimals",
        lambda: {
            "tags": [["a"], [], None],
            "size": [{"w": 1}, {"w": 2}, None],
            "when": [datetime.datetime(2024, 1, 1)] * 3,
            "price": [decimal.Decimal("1.50")] * 3,
            "for": [datetime.timedelta(1)] * 3,
        },
    ),
    Kind(
        "Images inside the table, as bytes",
        lambda folder: table("", lambda: {"image": _bytes()}).make(folder),
        right=shows_pictures,
    ),
    Kind(
        "Images inside the table, as Hugging Face stores them",
        lambda folder: table("", lambda: {"image": [{"bytes": one, "path": None} for one in _bytes()]}).make(folder),
        right=shows_pictures,
    ),
]
REFUSED = [
    text(
        "A quote that never closes",
        "m.csv",
        cells("note", '"5 foot', "x", "y"),
        "refused",
        says="row 1 (line 2): a quote",
    ),
    text("More cells than headers", "m.csv", CSV.replace("ben,b.jpg", "ben,b.jpg,x,y"), "refused", says="row 2"),
    text("No header", "m.csv", CSV.removeprefix("id,image\n"), "refused", says="The first line is no header"),
    text(
        "Other headers", "m.csv", CSV.replace("id,image", "name,path"), "refused", says='Did you mean "name" and "path"'
    ),
    text("The same id twice", "m.csv", CSV.replace("ben", "Anna"), "refused", says="row 2"),
    text("An id that is no file name", "m.csv", CSV.replace("ben", "../ben"), "refused", says="row 2"),
    text("No image in a row", "m.csv", CSV.replace("b.jpg", ""), "refused", says="row 2"),
    text(
        "A decimal comma", "m.csv", cells("strength", '"0,5"', "1", "1"), "refused", says="the decimal sign is a point"
    ),
    text("A percentage", "m.csv", cells("strength", "50%", "1", "1"), "refused", says="50%"),
    text("The same column twice", "m.csv", CSV.replace("id,image", "id,id"), "refused", says="id"),
    text("A header alone", "m.csv", "id,image\n", "refused", says="no rows"),
    text("An empty file", "m.csv", b"", "refused", says="empty"),
    text("Bytes that are no text", "m.csv", bytes(range(256)) * 4, "refused"),
    text("JSON lines cut short", "m.jsonl", JSONL[:-9], "refused", says="row 3"),
    text("A JSON text", "m.json", '"faces"', "refused"),
    text("A web page", "m.csv", "<!DOCTYPE html><html>sign in</html>", "refused", says="a web page"),
    text(
        "A Git LFS pointer",
        "m.parquet",
        "version https://git-lfs.github.com/spec/v1\noid x\n",
        "refused",
        says="git lfs pull",
    ),
    Kind("Parquet cut short", lambda folder: _cut(table("", dict).make(folder)), "refused", says="not readable"),
    Kind("ORC", _orc, "refused", says=".orc"),
    text("A SQLite data base", "m.csv", b"SQLite format 3\0" + bytes(90), "refused", says="SQLite"),
    text("A ZIP archive", "m.csv", b"PK\x03\x04" + bytes(60), "refused"),
    text("A pickled table (.pkl)", "m.pkl", b"\x80\x04", "refused", says=".pkl"),
    text(
        "Images at an address that nothing reads",
        "m.csv",
        CSV.replace("b.jpg", "ftp://x/b.jpg"),
        "refused",
        says="row 2",
    ),
    Kind("An empty folder", lambda folder: folder, "refused"),
]


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-30])
    return path


MANIFESTS = [*FORMATS, *TYPES, *REFUSED]
