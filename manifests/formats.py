"""One file, of any format that lists come in, to one kind of table: by its content first, then by its ending."""

import re
from pathlib import Path

import pyarrow as pa

from common.errors import ManifestError
from common.formatting import quotes_hint
from common.redaction import describe_error
from manifests.arrow_tables import read_arrow, read_parquet
from manifests.content_kind import START_BYTES, kind_of, mend_of
from manifests.csv_table import read_csv
from manifests.json_table import read_json
from manifests.raw_table import RawTable
from manifests.text_file import decode, unpack
from manifests.workbook import read_workbook

CSV = (".csv", ".tsv", ".tab", ".txt")
JSON = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq", ".parq")
ARROW = (".arrow", ".feather", ".ipc")
WORKBOOK = (".xlsx", ".xlsm", ".xls", ".ods")
PACKED = (".gz", ".zst", ".bz2")
ENDINGS = (*PARQUET, *CSV, *JSON, *ARROW, *WORKBOOK)


def read_file(path: Path, where: str, own: frozenset[str], image: str = "image", source: str = "") -> RawTable:
    """The rows of one file, in their order.

    Args:
        path: Parquet, Arrow or Feather, CSV, JSON lines or a JSON list, a workbook; the text formats also packed.
        where: the file, for messages.
        own: casefolded names of the columns that a manifest has.
        image: that of the images' column.
        source: the URI that the file is a copy of, if it is one.

    Raises:
        ManifestError: missing, of another format, or damaged.
    """
    try:
        if not path.is_file():
            raise ManifestError(
                f"{where}: a device or a pipe, not a file."
                if path.exists()
                else f"{where}: there is no such file, and variables ($) are not replaced. Write the whole path."
                if "$" in where
                else f"{where}: there is no such file.{hint}"
                if (hint := quotes_hint(where))
                else f'{where}: there is no such file. Give the path of a manifest, or make one with "manifest build".'
            )
        raw = _read(path, where, own, image, source)
        raw.table.validate(full=True)  # a Parquet file may call bytes text that are none
        _ = raw.table.column_names  # nor are names of columns looked at before
        return raw
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        raise ManifestError(f"{where}: not readable: {describe_error(error)}. Copy or export it again.") from error


def ending_of(path: Path) -> str:
    """A file's ending, in small letters; of a packed file the one before, or none."""
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() if ending in PACKED else ending


def _read(path: Path, where: str, own: frozenset[str], image: str, source: str) -> RawTable:
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    ending = ending_of(path)
    reader, name = kind_of(start)
    if not start:
        raise ManifestError(f"{where}: an empty file. Write one row for each face, with id and image.")
    if reader == "parquet":
        return read_parquet(path, own, image, source)
    if reader == "arrow":
        return read_arrow(path, where, own, image, source)
    if reader in ("workbook", "zip") and (ending in WORKBOOK or _is_workbook(path)):
        return read_workbook(path, where, own)
    if name and reader != "packed":
        raise ManifestError(f"{where}: {name}. {mend_of(name)}.")
    if ending in ARROW:
        return read_arrow(path, where, own, image, source)
    if ending in (*PARQUET, *WORKBOOK):
        kind = "a workbook" if ending in WORKBOOK else "Parquet"
        raise ManifestError(f"{where}: expected {kind} by its name, found something else. If it is text, name it .csv.")
    data = unpack(path)
    if inner := kind_of(data[:START_BYTES])[1]:
        raise ManifestError(f"{where}: {inner}, packed. Unpack it first.")
    if ending and ending not in (*CSV, *JSON):
        listed = ", ".join(ENDINGS)
        raise ManifestError(f'{where}: a manifest ends in {listed}, found "{ending}". Save it as one of these.')
    if not ending and reader != "packed":
        raise ManifestError(f"{where}: a manifest ends in {', '.join(ENDINGS)}, found none. Name it so.")
    text, note = decode(data, where, western=ending not in JSON)
    as_json = ending in JSON or re.match(r'\s*(\[\s*)?\{\s*"', text) is not None
    raw = read_json(text, where) if as_json else read_csv(text, where, own)
    return RawTable(raw.table, (*((note,) if note else ()), *raw.notes), raw.decimal_comma)


def _is_workbook(path: Path) -> bool:
    """Whether a file of another name is a workbook inside."""
    with path.open("rb") as file:
        start = file.read(4096)
    return b"xl/" in start or b"[Content_Types].xml" in start or b"opendocument.spreadsheet" in start
