"""The columns that travel between workers: plain values and arrays as Arrow tables, and back."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.ledger import RESULT_FIELDS

# Columns with the same type in every block, whatever the rows of that block hold.
COLUMN_TYPES: dict[str, pa.DataType] = {
    **RESULT_FIELDS,
    "order": pa.int64(),
    "index": pa.int64(),
    "image": pa.string(),
    "seed": pa.int64(),
}
ARRAY = {b"encoding": b"npy"}
# Columns of arrays even in a batch in which no row has one.
ARRAY_COLUMNS = ("crop", "quad", "landmarks")


def to_table(columns: Mapping[str, Any]) -> pa.Table:
    """Columns of plain values and arrays as Arrow, with types that do not depend on what a batch happens to hold.

    A column of NumPy arrays (or one stacked array) becomes bytes in NumPy's own format; `to_columns` turns it back.
    """
    fields, arrays = [], []
    for name, values in columns.items():
        values = list(values)
        if name in ARRAY_COLUMNS or any(isinstance(value, np.ndarray) for value in values):
            fields.append(pa.field(name, pa.large_binary(), metadata=ARRAY))
            arrays.append(
                pa.array([None if value is None else _to_bytes(value) for value in values], pa.large_binary())
            )
        else:
            values = [value.item() if isinstance(value, np.generic) else value for value in values]
            array = pa.array(values, COLUMN_TYPES.get(name))
            fields.append(pa.field(name, array.type))
            arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def to_columns(table: pa.Table) -> dict[str, list[Any]]:
    """The inverse of `to_table`."""
    columns: dict[str, list[Any]] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        values = column.to_pylist()
        if (field.metadata or {}).get(b"encoding") == b"npy":
            values = [None if value is None else np.load(io.BytesIO(value), allow_pickle=False) for value in values]
        columns[field.name] = values
    return columns


def _to_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
