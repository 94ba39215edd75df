"""Ids, strengths and seeds of any type that can mean them."""

import decimal
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import ManifestError
from manifests.schema import read_manifest


def column(folder: Path, name: str, values: pa.Array) -> list[Any]:
    columns = {"id": ["a", "b"], "image": ["a.jpg", "b.jpg"]} | {name: values}
    with pa.OSFile(str(folder / "l.arrow"), "wb") as file, pa.ipc.new_file(file, pa.table(columns).schema) as writer:
        writer.write_table(pa.table(columns))
    return read_manifest(folder / "l.arrow").table[name].to_pylist()


INTEGERS = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()]
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
FLOATS = [pa.float16(), pa.float32(), pa.float64()]


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_ids_may_be_whole_numbers_of_any_type(tmp_path: Path, kind: pa.DataType) -> None:
    assert column(tmp_path, "id", pa.array([0, 127], kind)) == ["0", "127"]


@pytest.mark.parametrize(
    "values",
    [
        *(pa.array(["0", "127"], kind) for kind in TEXTS),
        *(pa.array([0, 127], kind) for kind in FLOATS),
        pa.array([b"0", b" 127 "]),
        pa.array(["0", "127"]).dictionary_encode(),
        pa.array([0, 127]).dictionary_encode(),
        pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["0", "127"])),
        pa.array([decimal.Decimal(0), decimal.Decimal(127)], pa.decimal128(5, 0)),
        pa.array([decimal.Decimal(0), decimal.Decimal(127)], pa.decimal128(9, 2)),
    ],
    ids=lambda values: str(values.type),
)
def test_ids_may_be_text_of_any_type_and_numbers_without_a_fraction(tmp_path: Path, values: pa.Array) -> None:
    assert column(tmp_path, "id", values) == ["0", "127"]


def test_large_whole_numbers_keep_every_digit(tmp_path: Path) -> None:
    assert column(tmp_path, "id", pa.array([2**63, 2**64 - 1], pa.uint64())) == [str(2**63), str(2**64 - 1)]


def test_large_decimals_keep_every_digit(tmp_path: Path) -> None:
    numbers = [10**25 + 1, 10**25 + 2]
    values = pa.array([decimal.Decimal(number) for number in numbers], pa.decimal128(38, 0))
    assert column(tmp_path, "id", values) == [str(number) for number in numbers]


def test_uuids_are_ids(tmp_path: Path) -> None:
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    values = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes for one in ids], pa.binary(16)))
    assert column(tmp_path, "id", values) == [str(one) for one in ids]


@pytest.mark.parametrize(
    "values",
    [
        *(pa.array(["0.5", None], kind) for kind in TEXTS),
        *(pa.array(["0.5", "NA"], kind) for kind in TEXTS),
        *(pa.array([0.5, None], kind) for kind in FLOATS),
        *(pa.array([0.5, float("nan")], kind) for kind in FLOATS),
        pa.array(["0.5", ""]).dictionary_encode(),
        pa.array([0.5, None]).dictionary_encode(),
        pa.array([decimal.Decimal("0.5"), None], pa.decimal128(5, 2)),
        pa.array([decimal.Decimal("0.5"), None], pa.decimal256(60, 2)),
    ],
    ids=lambda values: str(values.type),
)
def test_strengths_may_be_of_any_type_and_nothing_is_null(tmp_path: Path, values: pa.Array) -> None:
    assert column(tmp_path, "strength", values) == [0.5, None]


def test_seeds_of_floats_with_gaps(tmp_path: Path) -> None:
    assert column(tmp_path, "seed", pa.array([3.0, float("nan")])) == [3, None]


def test_seeds_in_text_keep_every_digit(tmp_path: Path) -> None:
    assert column(tmp_path, "seed", pa.array(["9007199254740993", " "])) == [9007199254740993, None]


def test_a_column_of_nothing_is_null(tmp_path: Path) -> None:
    assert column(tmp_path, "strength", pa.nulls(2)) == [None, None]
    assert column(tmp_path, "motion", pa.nulls(2)) == [None, None]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("id", pa.array([1.0, 2.5]), 'row 2, column "id": expected text or a whole number, found 2.5'),
        ("id", pa.array([1.0, float("nan")]), 'row 2, column "id": expected an id, found nothing'),
        ("id", pa.array([1.0, 1e300]), 'row 2, column "id": expected text or a whole number'),
        ("id", pa.array([b"\xff", b"b"]), 'column "id" must be text, found binary'),
        ("strength", pa.array([True, None]), 'column "strength" must be a number, found bool'),
        ("strength", pa.array([1.0, float("inf")]), 'row 2, column "strength": expected a finite number'),
        ("strength", pa.array(["1", "1e999"]), 'row 2, column "strength": expected a finite number'),
        (
            "strength",
            pa.array(["1", "nan"]),
            'row 2, column "strength": expected a number, found "nan": leave the cell',
        ),
        ("seed", pa.array(["1", "NaN"]), 'row 2, column "seed": expected a number'),
        ("seed", pa.array(["1", "1.5"]), 'row 2, column "seed": expected a whole number'),
    ],
)
def test_what_can_mean_none_is_refused(tmp_path: Path, name: str, values: pa.Array, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        column(tmp_path, name, values)


def test_a_parquet_file_of_all_types_at_once(tmp_path: Path) -> None:
    table = pa.table(
        {"id": [1, 2], "image": ["a", "b"], "strength": ["0.5", None], "seed": pa.array([1, 2], pa.uint8())}
    )
    pq.write_table(table, tmp_path / "l.parquet")
    assert read_manifest(tmp_path / "l.parquet").table.to_pylist()[0] == {
        "id": "1",
        "image": "a",
        "strength": 0.5,
        "seed": 1,
    }
