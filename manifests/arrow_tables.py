"""Parquet and Arrow files (Feather too) as they are; of images in them only where each is."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.image_bytes import (
    absolute,
    are_paths,
    field_of_bytes,
    field_of_path,
    filled_rows,
    image_places_of,
    leaf,
    paths_alone,
    refuse_stream,
)
from manifests.names import plain_name
from manifests.raw_table import RawTable, named


def read_parquet(path: Path, own: frozenset[str], image: str, source: str = "") -> RawTable:
    """All rows of a Parquet file.

    Args:
        path: the file.
        own: casefolded names of the columns that a manifest has.
        image: that of the images' column, casefolded; images in it are not read.
        source: the URI that the file is a copy of, if it is one.
    """
    # Not `read_table`: it takes a folder called motion=smile for a column of that name. And opened by us: by its name,
    # take:2.parquet would be a URI.
    with pa.OSFile(str(path)) as opened, pq.ParquetFile(opened, page_checksum_verification=True) as file:
        found = _images(file.schema_arrow, image)
        column = field_of_bytes(found) if found else ""
        if not found or not column or (column == found.name and are_paths(_first(file, column))):
            return RawTable(_rename(paths_alone(file.read(), found), own))
        names = [name for name in file.schema_arrow.names if name != found.name]
        table = file.read(columns=names)
        inner, rows = field_of_path(found), file.metadata.num_rows
        paths = pa.nulls(rows, pa.string())
        if inner:
            structs = file.read(columns=[f"{found.name}.{inner}"])[found.name].combine_chunks()
            paths = pc.struct_field(structs, inner).cast(pa.string())
        places = image_places_of(filled_rows(file, column), paths, absolute(path, source), column)
        return RawTable(_rename(_with_images(table, found.name, places, paths if inner else None), own))


def read_arrow(path: Path, where: str, own: frozenset[str], image: str, source: str = "") -> RawTable:
    """All rows of an Arrow file (Feather, since version 2, is one) or of a stream of Arrow; arguments as above.

    Raises:
        ManifestError: a stream with images in it.
    """
    with path.open("rb") as file:
        stream = file.read(6) != b"ARROW1"
    open_reader = pa.ipc.open_stream if stream else pa.ipc.open_file
    with pa.OSFile(str(path)) as opened, open_reader(opened) as reader:
        found = _images(reader.schema, image)
        column = field_of_bytes(found) if found else ""
        if not found or not column or stream:
            table = reader.read_all()
            if found and column and not (column == found.name and are_paths(_head(table[found.name]))):
                raise refuse_stream(where, found.name)
            return RawTable(_rename(paths_alone(table, found), own))
    # The images stay in the file; what is kept must not, for somebody may write it anew.
    with pa.memory_map(str(path)) as opened, pa.ipc.open_file(opened) as reader:
        values = reader.read_all()[found.name]
        if column == found.name and are_paths(_head(values)):
            kept, chosen = None, values.cast(pa.string()).to_pylist()
        else:
            inner = field_of_path(found)
            filled = pa.concat_arrays([pc.is_valid(leaf(chunk, column)) for chunk in values.chunks])
            kept = [text for chunk in values.chunks for text in _texts(chunk, inner)] if inner else None
            paths = pa.array(kept or [None] * len(filled), pa.string())
            chosen = image_places_of(filled, paths, absolute(path, source), column).to_pylist()
    others = [at for at, field in enumerate(reader.schema) if field.name != found.name]
    with pa.OSFile(str(path)) as opened:
        options = pa.ipc.IpcReadOptions(included_fields=others)
        table = pa.ipc.open_file(opened, options=options).read_all()
    names = None if kept is None else pa.array(kept, pa.string())
    return RawTable(_rename(_with_images(table, found.name, pa.array(chosen, pa.string()), names), own))


def _texts(structs: pa.Array, inner: str) -> list[str | None]:
    return pc.struct_field(structs, inner).to_pylist()


def _images(schema: pa.Schema, image: str) -> pa.Field | None:
    """The images' column, where there is just one of that name."""
    found = [field for field in schema if plain_name(field.name) == image]
    return found[0] if len(found) == 1 else None


def _first(file: pq.ParquetFile, column: str) -> pa.Array:
    return next((batch.column(0) for batch in file.iter_batches(8, columns=[column], use_threads=False)), pa.array([]))


def _head(column: pa.ChunkedArray) -> pa.Array:
    return column.slice(0, 8).combine_chunks()


def _with_images(table: pa.Table, name: str, places: pa.Array, paths: pa.Array | None) -> pa.Table:
    """A table with the images' column as text, and the names that images in it had elsewhere."""
    table = table.append_column(name, places)
    return table if paths is None else table.append_column(f"{name}_path", paths)


def _rename(table: pa.Table, own: frozenset[str]) -> pa.Table:
    return table.rename_columns(named(table.column_names, own))
