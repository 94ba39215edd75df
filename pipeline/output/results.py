"""From the ledger to `results.parquet`: one row for each row of the manifest."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.carried import free_name
from pipeline.output.ledger import RESULT_FIELDS
from stages.base import RowStatus, Target


def collect_results(manifest: pa.Table, keys: Sequence[str | None], rows: pa.Table) -> pa.Table:
    """One row for each row of the manifest, in its order, whatever happened.

    Args:
        manifest: columns `id`, and any others, which are carried along.
        keys: one a row, its content key as this run saw it; "" where its image could not be read, None where the
            run ended before the row's turn: then the latest result that an earlier run left for its id counts.
        rows: as `Ledger.rows` gives them.

    Returns:
        The columns of `RESULT_FIELDS`, then the manifest's own (under `manifest_…` where a result has that name). A
        row without any result has `RowStatus.MISSING`.
    """
    row_ids, row_keys = rows["id"].to_pylist(), rows["key"].to_pylist()
    by_id = {id_: position for position, id_ in enumerate(row_ids)}
    by_target = {Target(*target): at for at, target in enumerate(zip(row_ids, row_keys, strict=True))}
    ids = manifest["id"].to_pylist()
    found = [
        by_id.get(id_) if key is None else by_target.get(Target(id_, key)) for id_, key in zip(ids, keys, strict=True)
    ]
    results = rows.select(list(RESULT_FIELDS)).take(pa.array(found, pa.int64()))
    columns: dict[str, Any] = {name: results[name] for name in RESULT_FIELDS}
    columns["id"] = manifest["id"].cast(pa.string())
    columns["status"] = pc.fill_null(columns["status"], RowStatus.MISSING)
    for name in ("reason", "message", "key", "video"):
        columns[name] = pc.fill_null(columns[name], "")
    for name in manifest.column_names:
        if name in ("motion", "strength"):
            columns[name] = pc.coalesce(columns[name], manifest[name].cast(RESULT_FIELDS[name]))
        elif name != "id":
            carried = free_name(name, {*columns, *(other for other in manifest.column_names if other != name)})
            columns[carried] = manifest[name]
    return pa.table(columns)
