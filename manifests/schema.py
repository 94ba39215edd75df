"""A manifest: the faces that a job works through, one row each.

| column | type | meaning |
|---|---|---|
| `id` | text, unique | names the target and its video |
| `image` | text | a path, relative to the manifest or absolute, or a URI |
| `motion` | text, optional | one of the job's motions |
| `strength` | number, optional | instead of the job's |
| `seed` | whole number, optional | carried along |

Any other column is carried to the results. Rows count from 1; a CSV file's header is not a row. All checks work on
whole columns: 100,000 rows take well under a second.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.formats import read_table
from manifests.ids import folded, unsafe, why_unsafe
from stages import storage
from stages.errors import ManifestError
from stages.messages import masked, one_line, quoted

REQUIRED = ("id", "image")
OPTIONAL = ("motion", "strength", "seed")
NUMBERS = (pa.types.is_null, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
FETCH_SECONDS = 300.0  # for a manifest at a URI
# Where a message shows the value that a row has.
FOUND = "{found}"


@dataclass(frozen=True)
class Manifest:
    """A manifest that has passed every check that needs no image and no job.

    Attributes:
        table: `id`, `image` and, where the file has them, `motion` (text), `strength` (float64) and `seed` (int64),
            null where a row leaves them open; then the file's other columns.
        path: the file it was read from, or its URI.
    """

    table: pa.Table
    path: Path | str

    def __len__(self) -> int:
        return self.table.num_rows

    def images(self) -> list[str]:
        """Each row's image as an absolute path or a URI."""
        values = self.table["image"].to_pylist()
        if isinstance(self.path, str):
            away = storage.parent(self.path)
            return [value if storage.is_uri(value) else storage.joined(away, value) for value in values]
        folder = str(self.path.absolute().parent)
        return [value if storage.is_uri(value) else os.path.join(folder, value) for value in values]  # noqa: PTH118 (speed)

    def check_motions(self, names: Collection[str]) -> None:
        """Refuse rows whose motion the job does not have.

        Args:
            names: the job's motions. Where there is one alone, a row need not name it.

        Raises:
            ManifestError: a row names another, or leaves it open among several.
        """
        place = _named(self.path)
        known = " or ".join(f'"{name}"' for name in sorted(names))
        if "motion" not in self.table.column_names:
            if len(names) > 1:
                raise ManifestError(f'{place}: the job has several motions, so column "motion" must say {known}.')
            return
        motions = self.table["motion"]
        strange = pc.and_(pc.is_valid(motions), pc.invert(pc.is_in(motions, pa.array(sorted(names), pa.string()))))
        _refuse(place, motions, strange, "motion", f"expected {known}, the job's motions, found {FOUND}")
        if len(names) > 1:
            _refuse(
                place,
                motions,
                pc.is_null(motions),
                "motion",
                f"the job has several motions: expected {known}, found {FOUND}",
            )


@dataclass(frozen=True)
class ManifestSummary:
    """What a manifest holds.

    Attributes:
        rows: how many.
        motions: how many rows name each motion.
        remote: images at a URI, which were not looked for.
        missing: images that are not on this machine.
        examples: the first few of them, a sentence each.
    """

    rows: int
    motions: dict[str, int]
    remote: int
    missing: int
    examples: tuple[str, ...]


def read_manifest(path: Path | str) -> Manifest:
    """Read and check a manifest: `.parquet`, `.csv` (with a header) or `.jsonl`; a path, or a URI.

    Raises:
        ManifestError: not readable, without rows, a column missing or of a wrong type, or a row with an id that is
            empty, unsafe as a file name or there already (capitals aside), with no image, or a strength or seed that is
            no number. Names file, row, column and value, and how many more rows have the same fault.
    """
    if not storage.is_uri(str(path)):
        path = Path(path)
        return Manifest(checked_table(read_table(path), path), path)
    uri = str(path)
    with tempfile.TemporaryDirectory(prefix="micromotion-manifest-") as folder:
        copy = Path(folder) / Path(storage.shown(uri)).name
        try:
            copy.write_bytes(storage.read_bytes(uri, FETCH_SECONDS))
            return Manifest(checked_table(read_table(copy), _named(uri)), uri)
        except OSError as error:
            raise ManifestError(f"{_named(uri)}: cannot be read: {storage.why(error)}.") from error
        except ManifestError as error:  # it knows the copy alone
            raise ManifestError(str(error).replace(str(copy), _named(uri))) from error


def _named(path: Path | str) -> str:
    """A manifest's place as a message names it."""
    return masked(str(path))


def check_manifest(path: Path | str, examples: int = 5) -> ManifestSummary:
    """Read a manifest and look for its images on this machine.

    Raises:
        ManifestError: as `read_manifest` does. Missing images are counted, not refused.
    """
    manifest = read_manifest(path)
    ids = manifest.table["id"]
    images = manifest.images()
    local = [index for index, image in enumerate(images) if not storage.is_uri(image)]
    missing = [index for index in local if not os.path.isfile(images[index])]  # noqa: PTH113 (speed)
    named: list[str] = (
        manifest.table["motion"].drop_null().to_pylist() if "motion" in manifest.table.column_names else []
    )
    return ManifestSummary(
        rows=len(manifest),
        motions=dict(sorted(Counter(named).items())),
        remote=len(images) - len(local),
        missing=len(missing),
        examples=tuple(
            f'row {index + 1:,} (id "{ids[index].as_py()}"): {images[index]} is not there'
            for index in missing[:examples]
        ),
    )


def checked_table(table: pa.Table, path: Path | str) -> pa.Table:
    """A manifest's table with its own columns first and of their proper types; `path` is for messages.

    Raises:
        ManifestError: as `read_manifest` says.
    """
    names = table.column_names
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise ManifestError(
            f"{path}: column {_shown(doubled[0])} stands there {names.count(doubled[0])} times. Keep one."
        )
    if absent := [name for name in REQUIRED if name not in names]:
        found = ", ".join(map(_shown, names[:8])) or "none"
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        raise ManifestError(f'{path}: column "{absent[0]}" is missing; found {found}{more}.')
    if table.num_rows == 0:
        raise ManifestError(f"{path}: no rows. Add one for each face.")
    columns = {name: _text(table[name], name, path) for name in ("id", "image", "motion") if name in names}
    if "strength" in names:
        columns["strength"] = _strengths(table["strength"], path)
    if "seed" in names:
        columns["seed"] = _seeds(table["seed"], path)
    _check_ids(columns["id"], path)
    _refuse(path, columns["image"], _blank(columns["image"]), "image", f"expected a path or URI, found {FOUND}")
    if "motion" in columns:
        columns["motion"] = pc.if_else(_blank(columns["motion"]), pa.scalar(None, pa.string()), columns["motion"])
    own = (*REQUIRED, *OPTIONAL)
    return pa.table(columns | {name: table[name] for name in names if name not in own})


def _check_ids(ids: pa.ChunkedArray, path: Path | str) -> None:
    _refuse(path, ids, _blank(ids), "id", f"expected an id, found {FOUND}")
    wrong = unsafe(ids)
    first = pc.index(wrong, True).as_py()
    if first >= 0:
        _refuse(path, ids, wrong, "id", f"{FOUND} {why_unsafe(ids[first].as_py())}")
    codes = folded(ids).combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    _, firsts = np.unique(codes, return_index=True)  # codes count from 0 without gaps
    repeated = firsts[codes] != np.arange(len(codes))
    if repeated.any():
        row = int(repeated.argmax())
        other = int(firsts[codes[row]])
        earlier = ids[other].as_py()
        same = "stands" if earlier == ids[row].as_py() else f"stands, written {_shown(earlier)},"
        _refuse(path, ids, pa.array(repeated), "id", f"{FOUND} {same} in row {other + 1:,} already, and ids name files")


def _text(column: pa.ChunkedArray, name: str, path: Path | str) -> pa.ChunkedArray:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if kind not in (pa.null(), pa.string(), pa.large_string(), pa.string_view()):
        raise ManifestError(f'{path}: column "{name}" must be text, found {_shown(kind)}. Store it as text.')
    return column.cast(pa.string())


def _strengths(column: pa.ChunkedArray, path: Path | str) -> pa.ChunkedArray:
    values = _numbers(column, "strength", path)
    _refuse(
        path, column, _true(pc.invert(pc.is_finite(values))), "strength", f"expected a finite number, found {FOUND}"
    )
    return values


def _seeds(column: pa.ChunkedArray, path: Path | str) -> pa.ChunkedArray:
    if pa.types.is_signed_integer(column.type):
        return column.cast(pa.int64())
    values = _numbers(column, "seed", path)  # whole numbers with gaps are floats in many a tool's files
    wrong = pc.or_(pc.not_equal(pc.floor(values), values), pc.greater(pc.abs(values), 2.0**53))
    wrong = pc.or_(wrong, pc.invert(pc.is_finite(values)))
    _refuse(path, column, _true(wrong), "seed", f"expected a whole number below 2^53, found {FOUND}")
    return values.cast(pa.int64())


def _numbers(column: pa.ChunkedArray, name: str, path: Path | str) -> pa.ChunkedArray:
    """A column as float64; text, as CSV has it, is read, and blank text is null."""
    kind = column.type
    if pa.types.is_string(kind):
        column = pc.if_else(_blank(column), pa.scalar(None, kind), pc.utf8_trim_whitespace(column))
        numeral = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^(?i)[+-]?(nan|inf|infinity)$"
        wrong = pc.invert(pc.match_substring_regex(column, numeral))
        _refuse(path, column, _true(wrong), name, f"expected a number, found {FOUND}")
        column = pc.replace_substring_regex(column, r"^\+", "")
    elif not any(test(kind) for test in NUMBERS):
        raise ManifestError(f'{path}: column "{name}" must be a number, found {_shown(kind)}. Store it as one.')
    return column.cast(pa.float64(), safe=False)


def _blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a text is null, empty, or white space alone."""
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)


def _true(mask: pa.ChunkedArray) -> pa.ChunkedArray:
    """A mask with null, where there was no value to judge, as false."""
    return pc.fill_null(mask, False)


def _refuse(path: Path | str, column: pa.ChunkedArray, wrong: Any, name: str, fault: str) -> None:
    """Raise for the first row that is wrong, with its value in the place of FOUND, and say how many more there are."""
    count = pc.sum(wrong).as_py() or 0
    if not count:
        return
    row = pc.index(wrong, True).as_py()
    value = column[row].as_py()
    fault = fault.replace(FOUND, "nothing" if value is None or value == "" else _shown(value))
    more = "" if count == 1 else f" The same is wrong in {count - 1:,} more row{'s' if count > 2 else ''}."
    raise ManifestError(f'{path}, row {row + 1:,}, column "{name}": {fault}.{more}')


def _shown(value: object) -> str:
    """A value as it stands in a message: quoted if it is text, without control characters, not too long."""
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= 60 else text[:57] + "…"
    return quoted(text) if isinstance(value, str) else one_line(text)
