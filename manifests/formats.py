"""Parquet, CSV and JSON lines to one kind of table: columns as they stand in the file, checked by no one yet."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from stages.errors import ManifestError
from stages.messages import told

TEXT_COLUMNS = ("id", "image", "motion")
# In CSV everything is text; these are read as such and made numbers where a wrong row can still be named.
NUMBER_COLUMNS = ("strength", "seed")


def read_table(path: Path) -> pa.Table:
    """The rows of a manifest, in their order.

    Raises:
        ManifestError: missing, of another format, or damaged.
    """
    readers = {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_json_lines}
    reader = readers.get(path.suffix.lower())
    if path.is_dir():
        raise ManifestError(f'{path}: a folder, not a manifest. Make one from it with "manifest build".')
    if reader is None:
        raise ManifestError(f'{path}: a manifest ends in {", ".join(readers)}, found "{path.suffix}".')
    try:
        table = reader(path)
        table.validate(full=True)  # a Parquet file may call bytes text that are none
        _ = table.column_names  # nor are names of columns looked at before
        return table
    except FileNotFoundError as error:
        raise ManifestError(f'{path}: there is no such file. Make a manifest with "manifest build".') from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: not readable as {path.suffix[1:].lower()}: {told(error)}.") from error


def _read_parquet(path: Path) -> pa.Table:
    # Not `read_table`: it takes a folder called motion=smile for a column of that name.
    with pa.parquet.ParquetFile(path) as file:
        return file.read()


def _read_csv(path: Path) -> pa.Table:
    types = dict.fromkeys((*TEXT_COLUMNS, *NUMBER_COLUMNS), pa.string())
    return pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(column_types=types),
    )


def _read_json_lines(path: Path) -> pa.Table:
    """JSON lines, with text columns as text: left to itself, the reader takes an id like 2024-01-31 for a date."""
    fields = [pa.field(name, pa.string()) for name in TEXT_COLUMNS]
    # One block, so that a row's number in an error counts from the file's start, and a row may be of any length.
    whole = pa.json.ReadOptions(block_size=max(path.stat().st_size + 1, 1 << 20))
    try:
        table = pa.json.read_json(path, whole, pa.json.ParseOptions(explicit_schema=pa.schema(fields)))
    except pa.ArrowInvalid as error:
        changed = re.search(r"Column\(/(\w+)\) changed from \w+ to (\w+) in row (\d+)", str(error))
        if changed is None:
            raise
        column, kind, row = changed[1], changed[2], int(changed[3]) + 1
        wanted = "text" if column in TEXT_COLUMNS else "the kind of value that stands above it"
        raise ManifestError(f'{path}, row {row:,}, column "{column}": expected {wanted}, found {kind}.') from error
    # A column that was asked for but is nowhere in the file comes back all null.
    absent = [name for name in TEXT_COLUMNS if table[name].null_count == len(table)]
    return table.drop_columns(absent)
