"""The column of ids: each can name a file, none is there twice; or made of the images' names where there is none."""

import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from common.errors import ManifestError
from common.redaction import quote
from common.table_images import is_in_table
from manifests.ids import fold, safe_ids, unsafe, why_unsafe
from manifests.values import FOUND, blank, format_value, refuse


def check_ids(ids: pa.ChunkedArray, where: str) -> None:
    """Refuse a file's ids that are missing or cannot name a file.

    Raises:
        ManifestError: with the row, and what could stand there instead.
    """
    refuse(where, ids, blank(ids), "id", f"expected an id, found {FOUND}")
    wrong = unsafe(ids)
    first = pc.index(wrong, True).as_py()
    if first >= 0:
        name = ids[first].as_py()
        better = safe_ids([name])[0]
        refuse(where, ids, wrong, "id", f"{FOUND} {why_unsafe(name)}: for instance {quote(better)}")


def check_unique(ids: pa.ChunkedArray, earlier_row: Callable[[int], str], row: Callable[[int], str]) -> None:
    """Refuse ids that some file systems do not distinguish.

    Args:
        ids: of all files of a manifest.
        earlier_row, row: where a row is, by its place in the column, within a sentence and at its beginning.

    Raises:
        ManifestError: with both rows.
    """
    codes = fold(ids).combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    _, firsts = np.unique(codes, return_index=True)  # codes count from 0 without gaps
    repeated = firsts[codes] != np.arange(len(codes))
    if not repeated.any():
        return
    at = int(repeated.argmax())
    other = int(firsts[codes[at]])
    earlier, later = ids[other].as_py(), ids[at].as_py()
    written = "" if earlier == later else f", written {format_value(earlier)}"
    if written and unicodedata.normalize("NFC", earlier) == unicodedata.normalize("NFC", later):
        written = ", written with other code points for the same letters"
    more = int(repeated.sum()) - 1
    also = "" if not more else f" The same is wrong in {more:,} more row{'s' if more > 1 else ''}."
    raise ManifestError(
        f'{row(at)}, column "id": {format_value(later)} is in {earlier_row(other)} already{written}, '
        f"and ids name files.{also}"
    )


def made_ids(table: pa.Table) -> pa.Array:
    """Ids of the images' names; where images lie in the table, of the names that they had, or of the rows."""
    images = table["image"].to_pylist()
    had = table["image_path"].to_pylist() if "image_path" in table.column_names else [None] * len(images)
    names = []
    for row, (image, path) in enumerate(zip(images, had, strict=True), start=1):
        name = (path or f"row-{row:06}") if is_in_table(image) else image
        names.append(PurePosixPath(str(name).replace("\\", "/")).stem or "face")
    return pa.array(safe_ids(names), pa.string())
