"""The ledger: a run's finished rows, on disk. What it holds is done.

A target's key is a content key (`stages.align_faces.content_key`); its result is a row in `ledger/part-*.parquet`.
Parts are written whole under a temporary name, flushed to disk and renamed, so that a run killed at any instant leaves
either a part or none. A row counts as done when it says so and the video it names is there with the recorded size.
Where one target has several rows, the latest counts.
"""

import os
import time
import uuid
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from common import storage
from common.errors import OutputError
from pipeline.output.redacted_files import write_table
from stages.base import RowStatus, Target
from stages.result_row import COLUMNS

ARROW_TYPES: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
RESULT_FIELDS = {name: ARROW_TYPES[column.type] for name, column in COLUMNS.items()}
# Besides its result a row has the digest of the settings it was made with, and when (unix seconds).
PART_SCHEMA = pa.schema([*RESULT_FIELDS.items(), ("digest", pa.string()), ("time", pa.float64())])

# A part at most this often, so that a long run does not end in a hundred thousand small files.
FLUSH_SECONDS = 0.5
# So many small parts are merged into one: reading stays quick however long the run.
MERGE_PARTS = 200


class Ledger:
    """The durable rows of one output folder. One writer at a time: the driver of the run that holds `OutputLock`.

    Args:
        output: the folder.
        videos: a URI, where the videos are not in the folder.
    """

    def __init__(self, output: Path, videos: str = "") -> None:
        self.output, self.videos = output, videos
        self.folder = output / "ledger"
        self._waiting: list[dict[str, Any]] = []
        self._waiting_since = 0.0
        self._own: list[Path] = []

    @classmethod
    def open(cls, output: Path, videos: str = "") -> Self:
        """The ledger of an output folder, made if there is none; many small parts of earlier runs become one.

        Call it only while holding the output's lock.
        """
        ledger = cls(output, videos)
        ledger.folder.mkdir(parents=True, exist_ok=True)
        for leftover in ledger.folder.glob("*.part"):
            leftover.unlink(missing_ok=True)
        parts = ledger._parts()
        if len(parts) >= MERGE_PARTS:
            ledger._merge(parts)
        return ledger

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in finished rows; `flush_if_due` brings them to the disk within about half a second."""
        now = time.time()
        for row in rows:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            self._waiting.append({**{name: row.get(name) for name in PART_SCHEMA.names}, "time": now})

    def flush_if_due(self) -> None:
        """Write what has waited for half a second. The driver calls this several times a second."""
        if self._waiting and time.monotonic() - self._waiting_since >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one part, now.

        Raises:
            OSError: it cannot be written; it waits on.
        """
        if not self._waiting:
            return
        self._own.append(self._write(pa.Table.from_pylist(self._waiting, schema=PART_SCHEMA)))
        self._waiting.clear()
        if len(self._own) >= MERGE_PARTS:
            self._merge(self._own)
            self._own.clear()

    def rows(self) -> pa.Table:
        """Every row on disk in the order of time, the latest last, with the columns of `PART_SCHEMA`.

        A part that cannot be read (torn by a power cut, or not ours) is left out with a warning.
        """
        table = _read(self._parts())
        order = pc.sort_indices(table, [("time", "ascending")])
        return table.take(order)

    def done(self) -> frozenset[Target]:
        """The targets that are done."""
        return targets(self.done_rows())

    def done_rows(self) -> pa.Table:
        """The row of each target that is done: it says so, and its video is there with the recorded size.

        One id has one video, so a later key's row means that an earlier key's video is overwritten; a later failure
        does not, for it writes none.

        Raises:
            OutputError: the videos are at a URI, and their store does not say which it has.
        """
        table = self.made_rows()
        sizes = self._video_sizes()
        recorded = zip(table["video"].to_pylist(), table["bytes"].to_pylist(), strict=True)
        return table.filter(pa.array([sizes.get(video) == size for video, size in recorded], pa.bool_()))

    def made_rows(self) -> pa.Table:
        """The last row of each id of which a video was made, whether or not it is there still."""
        table = self.rows()
        table = table.filter(pc.equal(table["status"], RowStatus.DONE))
        return table.take(_last(table["id"].to_pylist()))

    def failed(self) -> dict[Target, str]:
        """The reason of each target whose latest row failed although its image could be read.

        Such a row would fail in the same way again; only `retry`, another image or another setting makes it run.
        """
        table = self.failed_rows()
        columns = (table[name].to_pylist() for name in ("id", "key", "reason"))
        return {Target(id_, key): reason for id_, key, reason in zip(*columns, strict=True)}

    def failed_rows(self) -> pa.Table:
        """The rows of which `failed` speaks."""
        table = self._latest_failed()
        return table.filter(pc.not_equal(table["key"], ""))

    def unreadable_rows(self) -> pa.Table:
        """The row of each id whose latest row failed because its image could not be read."""
        table = self._latest_failed()
        return table.filter(pc.equal(table["key"], ""))

    def _latest_failed(self) -> pa.Table:
        table = self.rows()
        table = table.take(_last(table["id"].to_pylist()))
        return table.filter(pc.equal(table["status"], RowStatus.FAILED))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def _video_sizes(self) -> dict[str, int]:
        """A video as rows name it -> bytes, of all that are there, by one listing."""
        if not self.videos:
            return _files(self.output / "videos")
        try:
            found = storage.sizes(self.videos)
        except OSError as error:
            raise OutputError(f"{self.videos} cannot be listed: {storage.describe_io_error(error)}.") from error
        return {storage.strip_credentials(storage.join_uri(self.videos, name)): size for name, size in found.items()}

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def _write(self, table: pa.Table) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        path = self.folder / f"part-{stamp}-{uuid.uuid4().hex[:8]}.parquet"
        write_table(path, table)
        return path

    def _merge(self, parts: list[Path]) -> None:
        """Put parts into one. A kill between the two steps leaves rows twice, which changes nothing."""
        merged = _read(parts)
        if merged.num_rows:
            self._write(merged)
        for path in parts:
            if _readable(path):
                path.unlink(missing_ok=True)


def targets(rows: pa.Table) -> frozenset[Target]:
    """Which video each row is of."""
    return frozenset(map(Target, rows["id"].to_pylist(), rows["key"].to_pylist()))


def _readable(path: Path) -> bool:
    try:
        pq.read_schema(path)
    except (pa.ArrowInvalid, OSError):
        return False
    return True


def _read(parts: list[Path]) -> pa.Table:
    """All rows of some parts, in one pass."""
    sound = []
    for path in parts:
        if _readable(path):
            sound.append(path)
        else:
            warnings.warn(
                f"{path} is not a whole Parquet file; the rows it may have held are made again.", stacklevel=3
            )
    if not sound:
        return PART_SCHEMA.empty_table()
    try:
        return ds.dataset([str(path) for path in sound], schema=PART_SCHEMA, format="parquet").to_table()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        return pa.concat_tables([PART_SCHEMA.empty_table(), *(table for path in sound if (table := _read_one(path)))])


def _read_one(path: Path) -> pa.Table | None:
    """One part, or nothing where its pages are damaged although its footer is whole."""
    try:
        return ds.dataset([str(path)], schema=PART_SCHEMA, format="parquet").to_table()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        warnings.warn(f"{path} is damaged ({error}); the rows it held are made again.", stacklevel=4)
        return None


def _files(folder: Path) -> dict[str, int]:
    """`videos/NAME` -> bytes of every file in a folder of videos."""
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {f"videos/{entry.name}": entry.stat().st_size for entry in entries if entry.is_file()}


def _last(values: list[str]) -> pa.Array:
    """The last place of each value, in rising order."""
    return pa.array(sorted({value: position for position, value in enumerate(values)}.values()), pa.int64())
