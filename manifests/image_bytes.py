"""A column that holds images themselves, as data sets of Hugging Face do: read by no one here, but addressed."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import ManifestError
from common.table_images import addresses
from manifests.content_kind import START_BYTES, kind_of
from manifests.values import is_binary, is_text

LONGEST_PATH = 4096
SAMPLE = 8


def field_of_bytes(field: pa.Field) -> str:
    """The name of what holds a column's images: the column's, or `column.field` of a struct; empty for neither."""
    if is_binary(field.type):
        return field.name
    if pa.types.is_struct(field.type):
        inner = [field.type.field(at) for at in range(field.type.num_fields)]
        return next((f"{field.name}.{one.name}" for one in inner if is_binary(one.type)), "")
    return ""


def field_of_path(field: pa.Field) -> str:
    """The field of a struct that holds the images' names; empty where there is none."""
    inner = [field.type.field(at) for at in range(field.type.num_fields)] if pa.types.is_struct(field.type) else []
    return next((one.name for one in inner if is_text(one.type)), "")


def paths_alone(table: pa.Table, field: pa.Field | None) -> pa.Table:
    """The table, in which structs {bytes: null, path: text} are their paths: so writers mark that no image is inside.

    Args:
        field: the images' column; None where there is none.
    """
    if field is None or not pa.types.is_struct(kind := field.type) or kind.get_field_index("path") < 0:
        return table
    inner = [kind.field(at) for at in range(kind.num_fields)]
    if any(one.name != "path" and not pa.types.is_null(one.type) for one in inner):
        return table
    paths = [pc.struct_field(chunk, "path") for chunk in table[field.name].chunks]
    return table.set_column(
        table.column_names.index(field.name), field.name, pa.chunked_array(paths, kind.field("path").type)
    )


def are_paths(values: pa.Array) -> bool:
    """Whether the first values of a column of bytes are text after all: older writers do not mark it as such."""
    found = [value for value in values.slice(0, SAMPLE).to_pylist() if value]
    try:
        texts = [value.decode() for value in found]
    except UnicodeDecodeError:
        return False
    return all(len(text) < LONGEST_PATH and text.isprintable() for text in texts) and not any(
        kind_of(value[:START_BYTES])[1] for value in found
    )


def unwrap_paths(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of JSON texts in which an object with a `path`, and no `bytes`, is that path."""
    return pa.chunked_array([pa.array(map(_path_in, column.to_pylist()), pa.string())])


def _path_in(cell: str | None) -> str | None:
    try:
        item = json.loads(cell) if cell and cell.startswith("{") else None
    except (ValueError, RecursionError):  # a text that only begins like one
        return cell
    path = item.get("path") if item is not None and item.get("bytes") is None else None
    return path if isinstance(path, str) else cell


def image_places_of(filled: pa.Array, paths: pa.Array, place: str, column: str) -> pa.Array:
    """Text for the column of images: an address where there are bytes, else the path.

    Args:
        filled: where there are bytes, (N,) bool.
        paths: (N,) text or null.
        place: the table's absolute path, or URI. column: as `field_of_bytes` has it.
    """
    return pc.if_else(filled, addresses(place, column, len(filled)), paths.cast(pa.string()))


def filled_rows(file: pq.ParquetFile, column: str) -> pa.Array:
    """Which rows of a Parquet file's column have bytes: as its statistics say, and where they do not, by reading it."""
    metadata = file.metadata
    index = next(at for at in range(metadata.num_columns) if metadata.schema.column(at).path == column)
    parts = []
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        known = metadata.row_group(group).column(index).statistics
        nulls = known.null_count if known is not None and known.has_null_count else None
        if nulls in (0, rows):
            parts.append(pa.array([nulls == 0] * rows, pa.bool_()))
            continue
        for batch in file.iter_batches(64, row_groups=[group], columns=[column], use_threads=False):
            parts.append(pc.is_valid(leaf(batch.column(0), column)))
    return pa.concat_arrays(parts) if parts else pa.array([], pa.bool_())


def leaf(values: pa.Array, column: str) -> pa.Array:
    """A struct's field by a column's dotted name, or the column itself."""
    return pc.struct_field(values, column.rpartition(".")[2]) if pa.types.is_struct(values.type) else values


def absolute(path: Path, source: str) -> str:
    """The place that an address names: the file's own, or the URI that it is a copy of."""
    return source or str(path.absolute())


def refuse_stream(where: str, name: str) -> ManifestError:
    """Pictures in a stream cannot be read one by one."""
    return ManifestError(
        f'{where}: column "{name}" holds images in a stream of Arrow, which cannot be read row by row. Write it as '
        "Parquet or as an Arrow file."
    )
