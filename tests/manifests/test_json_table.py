"""JSON as people have it: lines, lists, objects over several lines; every value as it is, or the row refused."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from common.errors import ManifestError
from manifests.json_table import read_json
from manifests.schema import Manifest, read_manifest

ROWS = [{"id": "anna", "image": "a.jpg"}, {"id": "ben", "image": "b.jpg"}]


def read(folder: Path, text: str | bytes, name: str = "faces.jsonl") -> Manifest:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_manifest(folder / name)


@pytest.mark.parametrize("name", ["faces.jsonl", "faces.json", "faces.ndjson", "faces.txt"])
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, ROWS)),
        "\r\n\r\n".join(map(json.dumps, ROWS)),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\ufeff" + json.dumps(ROWS),
        "\n".join(json.dumps(row, indent=4) for row in ROWS),
    ],
)
def test_lines_lists_and_objects_give_the_same_rows(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, text, name).table.to_pylist() == ROWS


def carried(folder: Path, values: list[str]) -> pa.ChunkedArray:
    lines = [f'{{"id": "i{at}", "image": "a.jpg", "x": {value}}}' for at, value in enumerate(values)]
    return read(folder, "\n".join(lines)).table["x"]


@pytest.mark.parametrize(
    ("values", "found", "kind"),
    [
        (["1", "null", "-3"], [1, None, -3], pa.int64()),
        (["1", "2.5"], [1.0, 2.5], pa.float64()),
        (["true", "null"], [True, None], pa.bool_()),
        (['"2024-01-31"', '"007"'], ["2024-01-31", "007"], pa.string()),
        (["1", '"x"'], ["1", "x"], pa.string()),
        (["{}", "null"], ["{}", None], pa.string()),
        (['{"a": [1, "ü"]}', "[]"], ['{"a": [1, "ü"]}', "[]"], pa.string()),
        (["12345678901234567890123"], ["12345678901234567890123"], pa.string()),
        (["1.2345678901234567890123"], ["1.2345678901234567890123"], pa.string()),
        (["9007199254740993", "0.5"], ["9007199254740993", "0.5"], pa.string()),
        (["null", "null"], [None, None], pa.string()),
        (['"\\ud800"'], ["?"], pa.string()),
    ],
)
def test_further_columns_are_carried_whatever_they_hold(
    tmp_path: Path, values: list[str], found: list[Any], kind: pa.DataType
) -> None:
    column = carried(tmp_path, values)
    assert (column.to_pylist(), column.type) == (found, kind)


def test_ids_may_be_numbers_and_rows_may_lack_what_is_optional(tmp_path: Path) -> None:
    text = '{"id": 7, "image": "a"}\n{"id": "x", "image": "b", "strength": "0.5", "note": "n"}\n'
    assert read(tmp_path, text).table.to_pylist() == [
        {"id": "7", "image": "a", "strength": None, "note": None},
        {"id": "x", "image": "b", "strength": 0.5, "note": "n"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a", "image": "b"},\n{"id": "c", "image": "d"}\n', r"row 1 \(line 1\): it ends in a comma"),
        ("{'id': 'a', 'image': 'b'}\n", "double ones"),
        ('{"id": "a", "id": "b", "image": "c"}\n', '"id" is there twice'),
        ('["id", "image"]\n', "row 1: expected an object"),
        ('{"id": "a", "image": "b"}\n7\n', "row 2: expected an object"),
        ('{"id": ["a"], "image": "b"}\n', r'row 1, column "id": expected text or a number, found'),
        ('{"id": true, "image": "b"}\n', 'column "id" must be text, found bool'),
        ('{"id": "a", "image": {"bytes": "aGk=", "path": "b"}}\n', 'row 1, column "image": expected a path, a URI or'),
        ('{"id": "a", "image": ["b"]}\n', 'row 1, column "image": expected a path, a URI or'),
        (json.dumps({"data": ROWS}, indent=1), "Save the rows alone"),
        (json.dumps({"data": ROWS}), "Save the rows alone"),
        (json.dumps({"columns": ["id", "image"], "index": [0], "data": [["a", "b"]]}), "Save the rows alone"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ('{"id": "a", "image": "b"}\n{"id": "c", "im', r"row 2 \(line 2\): it is not JSON"),
        ("id,image\na,b\n", "it is not JSON"),
    ],
)
def test_what_cannot_be_read_says_what_helps(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": ["anna", "ben"], "image": ["a.jpg", "b.jpg"]}',
        '{"id":{"0":"anna","1":"ben"},\n "image":{"0":"a.jpg","1":"b.jpg"}}',
    ],
)
def test_one_object_of_columns_is_read(text: str) -> None:
    rows = read_json(text, "m.json").table.to_pylist()
    assert rows == [{"id": "anna", "image": "a.jpg"}, {"id": "ben", "image": "b.jpg"}]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_row_that_stands_alone_may_hold_lists(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps(ROWS[0] | {"meta": {}, "tags": ["x"]}, indent=indent)
    assert read(tmp_path, text).table.to_pylist() == [ROWS[0] | {"meta": "{}", "tags": '["x"]'}]


def test_an_image_may_be_an_object_with_its_path(tmp_path: Path) -> None:
    text = '{"id": "anna", "image": {"path": "a.jpg"}}\n{"id": "ben", "image": {"bytes": null, "path": "b.jpg"}}\n'
    assert read(tmp_path, text).table.to_pylist() == ROWS


def test_columns_of_unlike_lengths_are_not_guessed() -> None:
    with pytest.raises(ManifestError, match="expected a list of objects, or one object a line"):
        read_json('{"id": ["anna", "ben"],\n "image": ["a.jpg"]}', "m.json")
