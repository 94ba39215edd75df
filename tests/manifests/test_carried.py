"""Columns of every type that Arrow has come through a manifest in a type that results can be written in."""

import datetime
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import ManifestError
from manifests.carried import carry_column
from manifests.schema import read_manifest

STRUCT = pa.array([{"a": "x", "b": [1]}, None])
COLUMNS = {
    "bool": pa.array([True, None]),
    "half": pa.array([0.5, None], pa.float16()),
    "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
    "decimal32": pa.array([1, None], pa.decimal32(5, 2)),
    "decimal256": pa.array([1, None], pa.decimal256(60, 2)),
    "date64": pa.array([datetime.date(2024, 1, 31), None], pa.date64()),
    "time": pa.array([datetime.time(1), None], pa.time64("ns")),
    "zone": pa.array([0, None], pa.timestamp("us", "Europe/Berlin")),
    "duration": pa.array([1, None], pa.duration("s")),
    "interval": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    "string_view": pa.array(["x", None], pa.string_view()),
    "binary_view": pa.array([b"\xff", None], pa.binary_view()),
    "binary": pa.array([b"\xff", None]),
    "fixed": pa.array([b"ab", None], pa.binary(2)),
    "null": pa.nulls(2),
    "struct": STRUCT,
    "empty_struct": pa.array([{}, None], pa.struct([])),
    "inner_empty": pa.array([[{}], None], pa.list_(pa.struct([]))),
    "views": pa.array([["x"], None], pa.list_(pa.string_view())),
    "view_struct": pa.array([{"a": "x"}, None], pa.struct({"a": pa.string_view()})),
    "list_view": pa.array([[1], None], pa.list_view(pa.int64())),
    "large_list": pa.array([["x"], None], pa.large_list(pa.large_string())),
    "fixed_list": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "dictionary": pa.array(["x", None]).dictionary_encode(),
    "inner_dictionary": pa.array([["x"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    "run_ends": pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["x", None])),
    "union": pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array(["x"]), pa.array([7])]
    ),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"a" * 16, None], pa.binary(16))),
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", None])),
    "tensor": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int8(), [2]), pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2))
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_can_be_written_read_and_taken(name: str) -> None:
    column = pa.chunked_array([COLUMNS[name]])
    made = carry_column(column, name, "faces.arrow")
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": made}), sink)
    back = pq.read_table(sink).take([1, 0])["x"]
    assert len(back) == 2
    if made.type != pa.string() or pa.types.is_dictionary(column.type):
        values = list(reversed(back.to_pylist()))
        assert values == (column.combine_chunks().to_pylist() if name != "tensor" else made.to_pylist())


def test_what_parquet_cannot_hold_becomes_json() -> None:
    assert carry_column(pa.chunked_array([COLUMNS["empty_struct"]]), "x", "l").to_pylist() == ["{}", None]
    assert carry_column(pa.chunked_array([COLUMNS["inner_empty"]]), "x", "l").to_pylist() == ["[{}]", None]


def test_what_cannot_be_read_at_all_is_refused_by_its_name(tmp_path: Path) -> None:
    strange = pa.array(
        [{"at": 0, "what": "x"}], pa.struct({"at": pa.timestamp("us", "Mars/Olympus"), "what": pa.string()})
    )
    pq.write_table(pa.table({"id": ["a"], "image": ["a"], "when": strange}), tmp_path / "l.parquet")
    with pytest.raises(ManifestError, match='column "when" of the type .* cannot be carried along'):
        read_manifest(tmp_path / "l.parquet")
