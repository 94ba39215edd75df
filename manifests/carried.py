"""Columns that a manifest carries to the results: of any type in a file, and of one that the results can hold."""

import json
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from common.errors import ManifestError
from common.redaction import describe_error
from manifests.values import plain

# What Arrow can compute with, and Parquet hold, for what it cannot.
PLAIN = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def free_name(name: str, taken: Collection[str]) -> str:
    """The name under which a column is carried: its own, or `manifest_…` where that is taken."""
    while name in taken:
        name = f"manifest_{name}"
    return name


def carry_column(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """A column of a type that can be written to the results and read again; its values as they are.

    Dictionaries, run lengths and views become the values that they stand for. What Parquet cannot hold (unions,
    objects without a field) becomes text, each value as JSON.

    Raises:
        ManifestError: it cannot be read even so.
    """
    try:
        if pa.types.is_dictionary(column.type) or pa.types.is_run_end_encoded(column.type):
            column = plain(column)
        wished = _plain(column.type)
        if wished != column.type:
            column = _cast(column, wished)
        if column.type.num_fields or not _round_trip(column):
            column.to_pylist()  # deep in a column there may be what nobody can read
            if not _round_trip(column):
                column = pa.chunked_array([pa.array(map(_as_json, column.to_pylist()), pa.string())])
        return column
    except Exception as error:  # a value of a type that Python has not, a time zone that this machine does not know
        raise ManifestError(
            f'{where}: column "{name}" of the type {column.type} cannot be carried along: {describe_error(error)}. '
            "Leave it out, "
            "or store it as text."
        ) from error


def join_tables(parts: list[pa.Table]) -> pa.Table:
    """Tables of several files as one: a column that one of them has not is null there, one of several types is text."""
    names = list(dict.fromkeys(name for part in parts for name in part.column_names))
    columns = {}
    for name in names:
        pieces = [
            part[name] if name in part.column_names else pa.chunked_array([pa.nulls(len(part))]) for part in parts
        ]
        kinds = {piece.type for piece in pieces} - {pa.null()}
        kind = kinds.pop() if len(kinds) == 1 else pa.string() if kinds else pa.null()
        columns[name] = pa.chunked_array([chunk for piece in pieces for chunk in _to(piece, kind).chunks], kind)
    return pa.table(columns)


def _to(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    try:
        return column.cast(kind)
    except pa.ArrowException:
        return pa.chunked_array([pa.array(map(_as_json, column.to_pylist()), kind)])


def _round_trip(column: pa.ChunkedArray) -> bool:
    """Whether a column can be written to Parquet and read again; all of it is, where its type is not a plain one."""
    sample = column if column.type.num_fields or not _is_common(column.type) else column.slice(0, 100)
    sink = pa.BufferOutputStream()
    try:
        pa.parquet.write_table(pa.table({"x": sample}), sink)
        pa.parquet.read_table(pa.BufferReader(sink.getvalue())).take([0] if len(sample) else [])
    except (pa.ArrowException, OSError, TypeError, ValueError):
        return False
    return True


def _is_common(kind: pa.DataType) -> bool:
    return pa.types.is_primitive(kind) or kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def _plain(kind: pa.DataType) -> pa.DataType:
    """A type without views in it, however deep."""
    if kind in PLAIN:
        return PLAIN[kind]
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _plain(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([kind.field(at).with_type(_plain(kind.field(at).type)) for at in range(kind.num_fields)])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(_plain(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowException:  # Arrow has no way from every view to its plain type
        return pa.chunked_array([pa.array(column.to_pylist(), kind)])


def _as_json(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
