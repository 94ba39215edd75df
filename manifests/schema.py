"""A manifest: the faces that a job works through, one row each.

| column | type | meaning |
|---|---|---|
| `id` | text or whole number, unique | names the target and its video |
| `image` | text | a path, relative to the manifest or absolute, or a URI |
| `motion` | text, optional | one of the job's motions |
| `strength` | number, optional | instead of the job's |
| `seed` | whole number, optional | carried along |

Any other column is carried to the results. Rows count from 1; a CSV file's header is not a row. All checks work on
whole columns: 100,000 rows take well under a second.
"""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from common import storage
from common.errors import ManifestError
from manifests.carried import carry_column, free_name, join_tables
from manifests.formats import read_file
from manifests.id_column import check_ids, check_unique, made_ids
from manifests.image_bytes import unwrap_paths
from manifests.image_places import FILE, check_places, image_places, local_path, with_its_blanks
from manifests.names import OWN, own_columns, wanted_names
from manifests.parts import PartFile, part_files
from manifests.raw_table import JSON, RawTable
from manifests.values import FOUND, as_finite, as_text, as_whole, blank, format_value, known, refuse

FETCH_SECONDS = 300.0  # for a manifest at a URI


@dataclass(frozen=True)
class ManifestPart:
    """A file's share of a manifest's rows: its name for messages, the folder of its images, and how many rows."""

    name: str
    base: str
    rows: int


@dataclass(frozen=True)
class Manifest:
    """A manifest that has passed every check that needs no image and no job.

    Attributes:
        table: `id`, `image` and, where the file has them, `motion` (text), `strength` (float64) and `seed` (int64),
            null where a row leaves them open; then the file's other columns.
        path: the file it was read from, or its URI.
        parts: the files, one or many.
        notes: sentences about what was read in another way than a person may expect.
    """

    table: pa.Table
    path: Path | str
    parts: tuple[ManifestPart, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.table.num_rows

    def images(self) -> list[str]:
        """Each row's image as an absolute path or a URI."""
        places, start = [], 0
        for part in self.parts:
            places += image_places(self.table["image"].slice(start, part.rows).to_pylist(), part.base)
            start += part.rows
        return places

    def row(self, index: int) -> str:
        """Where a row is, by its place in the table: its file, and its number there."""
        for part in self.parts:
            if index < part.rows:
                return f"{part.name}, row {index + 1:,}"
            index -= part.rows
        raise IndexError(index)

    def check_motions(self, names: Collection[str]) -> None:
        """Refuse rows whose motion the job does not have.

        Args:
            names: the job's motions. Where there is one alone, a row need not name it.

        Raises:
            ManifestError: a row names another, or leaves it open among several.
        """
        listed = " or ".join(f'"{name}"' for name in sorted(names))
        if "motion" not in self.table.column_names:
            if len(names) > 1:
                raise ManifestError(f'{self.path}: the job has several motions, so column "motion" must say {listed}.')
            return
        start = 0
        for part in self.parts:
            motions = self.table["motion"].slice(start, part.rows)
            start += part.rows
            strange = pc.and_(pc.is_valid(motions), pc.invert(pc.is_in(motions, pa.array(sorted(names), pa.string()))))
            expected = f"expected {listed}, the job's motions, found {FOUND}"
            refuse(part.name, motions, strange, "motion", expected)
            if len(names) > 1:
                expected = f"the job has several motions: expected {listed}, found {FOUND}"
                refuse(part.name, motions, pc.is_null(motions), "motion", expected)


def read_manifest(path: Path | str, columns: Mapping[str, str] | None = None) -> Manifest:
    """Read and check a manifest.

    Args:
        path: a file of any format of `manifests.formats`, a folder of such files, a pattern such as `lists/*.csv`, or
            the URI of a file.
        columns: own name -> the file's, where the file calls them otherwise.

    Raises:
        ManifestError: not readable, without rows, a column missing or of a wrong type, or a row with an id that is
            unsafe as a file name or there already (capitals aside), with no image, or a strength or seed that is no
            number. Names file, row, column and value, and how many more rows have the same fault.
    """
    mapping = columns or {}
    if FILE.match(str(path)):
        path = local_path(str(path))
    if not storage.is_uri(str(path)):
        path = Path(path)
        files = part_files(path)
        tables = [_read_part(file, str(file.path), str(file.base), mapping) for file in files]
        return _manifest(tables, path)
    uri = str(path)
    with tempfile.TemporaryDirectory(prefix="micromotion-manifest-") as folder:
        copy = Path(folder) / PurePosixPath(storage.strip_credentials(uri)).name
        try:
            copy.write_bytes(storage.read_bytes(uri, FETCH_SECONDS))
        except (OSError, ValueError) as error:
            raise ManifestError(f"{uri}: cannot be read: {storage.describe_io_error(error)}.") from error
        file = PartFile(copy, Path(folder))
        return _manifest([_read_part(file, uri, storage.parent(uri), mapping, source=uri)], uri)


def check_table(table: pa.Table, path: Path) -> pa.Table:
    """A manifest's table with its own columns first and of their proper types; `path` is where it will be written.

    Raises:
        ManifestError: as `read_manifest` says.
    """
    base = str(path.absolute().parent)
    _, made = _check(RawTable(table), PartFile(path, Path(base)), str(path), base, {})
    return _manifest([(ManifestPart(str(path), base, len(made)), made, ())], path).table


Read = tuple[ManifestPart, pa.Table, tuple[str, ...]]


def _read_part(file: PartFile, where: str, base: str, mapping: Mapping[str, str], source: str = "") -> Read:
    """One file's rows, checked by themselves."""
    image = mapping.get("image", "image").casefold()
    raw = read_file(file.path, where, wanted_names(mapping), image, source)
    notes, table = _check(raw, file, where, base, mapping)
    return ManifestPart(where, base, table.num_rows), table, notes


def _check(
    raw: RawTable, file: PartFile, where: str, base: str, mapping: Mapping[str, str]
) -> tuple[tuple[str, ...], pa.Table]:
    """A file's notes, and its columns, its own ones first."""
    table = raw.table
    for name, value in file.partition.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.array([value] * len(table), pa.string()))
    called = own_columns(table.column_names, mapping, where)
    if table.num_rows == 0:
        raise ManifestError(f"{where}: no rows. Add one for each face.")
    for own, name in called.items():
        if (table.schema.field(name).metadata or {}).items() >= JSON.items():
            wished = "text or a number"
            if own == "image":
                table = table.set_column(table.column_names.index(name), name, unwrap_paths(table[name]))
                wished = 'a path, a URI or {"path": ...}'
            odd = known(pc.match_substring_regex(table[name], r"^([\[{]|true$|false$)"))
            refuse(where, table[name], odd, own, f"expected {wished}, found {FOUND}")
    made = {}
    for own, name in called.items():
        if own in ("id", "image", "motion"):
            made[own] = as_text(table[name], own, where)
    made["image"] = _images(table[called["image"]], made["image"], where, base)
    if "id" in made:
        check_ids(made["id"], where)
    if "motion" in made:
        made["motion"] = pc.if_else(blank(made["motion"]), pa.scalar(None, pa.string()), made["motion"])
    if "strength" in called:
        made["strength"] = as_finite(table[called["strength"]], "strength", where, raw.decimal_comma)
    if "seed" in called:
        made["seed"] = as_whole(table[called["seed"]], "seed", where)
    ordered = {name: made[name] for name in OWN if name in made}
    for name in table.column_names:
        if name not in called.values():
            ordered[free_name(name, {*ordered, *OWN})] = carry_column(table[name], name, where)
    return raw.notes, pa.table(ordered)


def _manifest(read: list[Read], path: Path | str) -> Manifest:
    """The files' rows as one manifest."""
    parts = tuple(part for part, _, _ in read)
    notes = tuple(note for _, _, said in read for note in said)
    table = read[0][1] if len(read) == 1 else join_tables([one for _, one, _ in read])
    manifest = Manifest(table, path, parts, notes)
    if "id" not in table.column_names or table["id"].null_count:
        made = made_ids(table)
        if "id" in table.column_names:
            lacking = next(part.name for part, one, _ in read if "id" not in one.column_names)
            raise ManifestError(f'{path}: column "id" is missing in {lacking}, and others have it. Add it there.')
        example = format_value(made[0].as_py())
        note = f'{path} has no column "id": ids are made of the images\' names, such as {example}.'
        return Manifest(table.add_column(0, "id", made), path, parts, (*notes, note))
    check_unique(table["id"], manifest.row if len(parts) > 1 else lambda index: f"row {index + 1:,}", manifest.row)
    own = [name for name in OWN if name in table.column_names]
    others = [name for name in table.column_names if name not in own]
    return Manifest(table.select([*own, *others]), path, parts, notes)


def _images(column: pa.ChunkedArray, trimmed: pa.ChunkedArray, where: str, base: str) -> pa.ChunkedArray:
    """The images' column: blanks around a name only where the file has them too."""
    refuse(where, trimmed, blank(trimmed), "image", f"expected a path or URI, found {FOUND}")
    check_places(trimmed, where)
    if pa.types.is_integer(column.type):
        return trimmed
    text = column.cast(pa.string()) if column.type != pa.string() else column
    padded = known(pc.not_equal(text, trimmed))
    if not pc.any(padded).as_py():
        return trimmed
    pairs = zip(text.to_pylist(), trimmed.to_pylist(), padded.to_pylist(), strict=True)
    return pa.chunked_array(
        [pa.array([raw if odd and with_its_blanks(raw, base) else value for raw, value, odd in pairs], pa.string())]
    )
