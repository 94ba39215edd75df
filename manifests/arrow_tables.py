"""Parquet and Arrow files (Feather too) as they are."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from manifests.raw_table import RawTable, named


def read_parquet(path: Path, own: frozenset[str]) -> RawTable:
    """All rows of a Parquet file."""
    # Not `read_table`: it takes a folder called motion=smile for a column of that name.
    # Opened by us: by name, take:2.parquet would be a URI.
    with pa.OSFile(str(path)) as opened, pa.parquet.ParquetFile(opened) as file:
        return RawTable(_renamed(file.read(), own))


def read_arrow(path: Path, own: frozenset[str]) -> RawTable:
    """All rows of an Arrow file (Feather, since version 2, is one) or of a stream of Arrow."""
    with path.open("rb") as file:
        start = file.read(6)
    if start == b"ARROW1":
        with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
            table = reader.read_all()
    else:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            table = reader.read_all()
    return RawTable(_renamed(table, own))


def _renamed(table: pa.Table, own: frozenset[str]) -> pa.Table:
    return table.rename_columns(named(table.column_names, own))
