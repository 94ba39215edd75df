"""From the ledger to `results.parquet`: one row for each row of the manifest."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ledger import RESULT_FIELDS
from stages.messages import masked


def collect_results(manifest: pa.Table, keys: Sequence[str | None], rows: pa.Table) -> pa.Table:
    """One row for each row of the manifest, in its order, whatever happened.

    Args:
        manifest: columns `id`, and any others, which are carried along.
        keys: one a row, its content key as this run saw it; "" where its picture could not be read, None where the
            run ended before the row's turn: then the latest result that an earlier run left for its id counts.
        rows: as `Ledger.rows` gives them.

    Returns:
        The columns of `RESULT_FIELDS`, then the manifest's own (under `manifest_…` where a result has that name). A
        row without any result has the status "missing".
    """
    row_ids, row_keys = rows["id"].to_pylist(), rows["key"].to_pylist()
    by_id = {id_: position for position, id_ in enumerate(row_ids)}
    by_key = {f"{id_}\n{key}": at for at, (id_, key) in enumerate(zip(row_ids, row_keys, strict=True))}
    ids = manifest["id"].to_pylist()
    found = [by_id.get(id_) if key is None else by_key.get(f"{id_}\n{key}") for id_, key in zip(ids, keys, strict=True)]
    results = rows.select(list(RESULT_FIELDS)).take(pa.array(found, pa.int64()))
    columns: dict[str, Any] = {name: results[name] for name in RESULT_FIELDS}
    columns["id"] = manifest["id"].cast(pa.string())
    columns["status"] = pc.fill_null(columns["status"], "missing")
    for name in ("reason", "message", "key", "video"):
        columns[name] = pc.fill_null(columns[name], "")
    for name in manifest.column_names:
        if name in ("motion", "strength"):
            columns[name] = pc.coalesce(columns[name], manifest[name].cast(RESULT_FIELDS[name]))
        elif name != "id":
            columns[f"manifest_{name}" if name in RESULT_FIELDS else name] = _masked(manifest[name])
    return pa.table(columns)


def _masked(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without credentials in its URIs: results are shown around."""
    if not _holds_text(column.type):
        return column
    values = column.to_pylist()
    hidden = [_without_secrets(value) for value in values]
    # A column in which nothing is hidden stays as it came: Arrow has more kinds of text than can be built anew.
    return column if hidden == values else pa.chunked_array([pa.array(hidden, _plain(column.type))])


def _holds_text(kind: pa.DataType) -> bool:
    """Whether there is text in a column of this kind, however deep."""
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    return _is_text(kind) or any(_holds_text(kind.field(at).type) for at in range(kind.num_fields))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The kind of a masked column: a dictionary is spelled out."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _without_secrets(value: Any) -> Any:
    """A value of any depth, as `to_pylist` gives it, without credentials."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _without_secrets(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_secrets(inner) for inner in value)
    return value
