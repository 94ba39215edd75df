"""Images that lie in a table's column: addresses for them, and reading one where it is wanted.

A manifest's row carries an address, `table+file:///data/faces.parquet/image.bytes/12` (column, row from 1), and the
worker that makes the row reads its bytes: they never pass through the driver. The module imports next to nothing of
ours, so that `manifests` may make the addresses.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common import storage

PREFIX = "table+"
PORTION = 8  # rows that are decoded at a time
# A worker gets rows that follow one another: those after the one that is read are kept, so many and so large.
AHEAD_ROWS, AHEAD_BYTES = 32, 32 << 20


def is_in_table(place: str) -> bool:
    """Whether an image's place is an address of this kind."""
    return place.startswith(PREFIX)


def addresses(place: str, column: str, rows: int) -> pa.Array:
    """The addresses of a column's rows, text.

    Args:
        place: the table's absolute path, or its URI.
        column: its name, and for a field of a struct a dot and the field's.
        rows: how many.
    """
    parts = urlsplit(place if storage.is_uri(place) else f"file://{quote(place)}")
    start = f"{PREFIX}{urlunsplit(parts._replace(query='', fragment=''))}/{quote(column, safe='.')}/"
    query = f"?{parts.query}" if parts.query else ""
    numbers = pa.array(range(1, rows + 1)).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(start), numbers, pa.scalar(query), "")


def read_from_table(address: str, most: int) -> bytes:
    """The bytes of one image.

    Args:
        address: as `addresses` makes it.
        most: bytes; a larger image is refused.

    Raises:
        OSError, pa.ArrowException: the table is gone, is another one now, or has no such row.
    """
    parts = urlsplit(address.removeprefix(PREFIX))
    path, column, number = parts.path.rsplit("/", 2)
    place = unquote(path) if parts.scheme == "file" else urlunsplit(parts._replace(path=path))
    data = _AHEAD.get(place, unquote(column), int(number) - 1)
    if len(data) > most:
        raise OSError(f"it has more than {most >> 20} MB; save it smaller")
    return data


class _Ahead:
    """The rows after the one that was read last, of one column."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: tuple[Any, ...] = ()
        self._rows: dict[int, bytes] = {}

    def get(self, place: str, column: str, row: int) -> bytes:
        of = (place, column, _stamp(place))
        with self._lock:
            if self._of == of and row in self._rows:
                return self._rows[row]
        rows: dict[int, bytes] = {}
        for at, value in _values(place, column, row):
            if value is not None:
                rows[at] = value
            if at - row + 1 >= AHEAD_ROWS or sum(map(len, rows.values())) > AHEAD_BYTES:
                break
        if row not in rows:
            raise OSError(f"column {column} has nothing in row {row + 1:,}")
        with self._lock:
            self._of, self._rows = of, rows
        return rows[row]


_AHEAD = _Ahead()


def _stamp(place: str) -> tuple[int, int] | None:
    """What tells that a table was replaced; of one in a store nothing does."""
    if storage.is_uri(place):
        return None
    status = Path(place).stat()
    return status.st_mtime_ns, status.st_size


def _values(place: str, column: str, first: int) -> Iterator[tuple[int, bytes | None]]:
    """Row numbers from 0 and values of a column, from a row on; ends where its row group does."""
    with _open(place)() as source:
        magic = source.read(6)
        source.seek(0)
        if magic[:4] == b"PAR1":
            yield from _of_parquet(source, column, first)
        else:
            yield from _of_arrow(source, column, first)


def _open(place: str) -> Callable[[], Any]:
    if storage.is_uri(place):
        files, path = storage.filesystem(place)
        return lambda: files.open_input_file(path)
    return lambda: pa.memory_map(place)


def _of_parquet(source: Any, column: str, first: int) -> Iterator[tuple[int, bytes | None]]:
    with pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False, page_checksum_verification=True) as file:
        start = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first < start + rows:
                break
            start += rows
        else:
            return
        # In portions, from the group's start: its images together may be more than the memory.
        for batch in file.iter_batches(PORTION, row_groups=[group], columns=[column], use_threads=False):
            if start + len(batch) > first:
                yield from _row_number(batch, column, start, first)
            start += len(batch)


def _of_arrow(source: Any, column: str, first: int) -> Iterator[tuple[int, bytes | None]]:
    reader = pa.ipc.open_file(source)
    start = 0
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        if start + len(batch) > first:
            yield from _row_number(batch, column, start, first)
        start += len(batch)


def _row_number(batch: pa.RecordBatch, column: str, start: int, first: int) -> Iterator[tuple[int, bytes | None]]:
    name, _, field = (column, "", "") if column in batch.schema.names else column.rpartition(".")
    skipped = max(first - start, 0)
    values = batch.column(name).slice(skipped)
    values = pc.struct_field(values, field) if field else values
    for at, value in enumerate(values, start + skipped):
        yield at, value.as_py()
