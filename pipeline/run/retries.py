"""Which rows that failed in earlier runs are tried again.

A plain run tries only those whose images could not be read. `retry` tries all, or those of the reasons that it names.
"""

from collections.abc import Collection

from common.errors import Reason
from pipeline.output.ledger import Ledger
from pipeline.run.outcomes import EarlierFailure, Outcomes
from stages.base import RowStatus, Target


def failures_to_keep(ledger: Ledger, retry: Collection[str] | None) -> dict[Target, EarlierFailure]:
    """The earlier failures that are not tried again.

    Args:
        ledger: of the output folder.
        retry: reasons for which rows are tried again, all where it is empty; None tries none.
    """
    if retry is not None and not retry:
        return {}
    done = ledger.done()
    failed = ledger.failed_rows().select(["id", "key", "reason", "message"]).to_pylist()
    kept = {Target(row["id"], row["key"]): EarlierFailure(row["reason"], row["message"] or "") for row in failed}
    return {target: why for target, why in kept.items() if target not in done and why.reason not in (retry or ())}


def leave_unreadable(outcomes: Outcomes, unreadable: Collection[int], retry: Collection[str] | None) -> None:
    """Take in rows whose images could not be read as failed again, where rows of other reasons were asked for.

    Args:
        outcomes: where they are taken in.
        unreadable: their orders.
        retry: as in `failures_to_keep`.
    """
    if not retry or Reason.UNREADABLE_IMAGE in retry:
        return
    messages = {row["id"]: row["message"] for row in outcomes.ledger.unreadable_rows().to_pylist()}
    failed = {"status": RowStatus.FAILED, "reason": Reason.UNREADABLE_IMAGE, "key": ""}
    rows = [outcomes.row(order) for order in sorted(unreadable)]
    outcomes.take_in([row | failed | {"message": messages[row["id"]]} for row in rows])
