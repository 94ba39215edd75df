"""Rows that were lost with their workers: what is said of them, and their results where they are given up."""

from common.errors import Reason, RowError
from pipeline.engine.lost_counter import LostCounter
from pipeline.engine.table import LostCause
from pipeline.run.outcomes import Outcomes
from stages.align_faces import content_key
from stages.base import Row, RowStatus
from stages.media.fetch_image import fetch

CRASHED = "its worker died twice while it worked on this row: out of memory, or a fault in a native library"
TIMED_OUT = "it took longer than {limit:g} s twice, and its worker was stopped. Allow more with cluster.row_timeout"


def describe_lost(cause: LostCause, row_timeout: float) -> str:
    """How rows were lost, as the beginning of a sentence; `row_timeout` in seconds."""
    return {
        LostCause.DIED: "a worker died",
        LostCause.EXCUSED: "a worker died, or its machine",
        LostCause.TIMED_OUT: f"a worker took longer than {row_timeout:g} s and was stopped",
    }[cause]


def give_up(row: Row, lost: LostCounter, outcomes: Outcomes, row_timeout: float) -> Row:
    """The result of a row that never came out; with its key, so that only `retry` lets it at a worker again.

    Args:
        row: of the manifest.
        lost: how often and why rows were lost.
        outcomes: what is known of the rows.
        row_timeout: seconds that a row may take.
    """
    try:
        key = content_key(fetch(row["image"]), outcomes.digests[row["motion"]], row["strength"])
    except RowError:
        key = ""
    if lost.timed_out(row):
        reason, message = Reason.TIMED_OUT, TIMED_OUT.format(limit=row_timeout)
    elif row["order"] in outcomes.messages:
        reason, message = Reason.ENCODE_FAILED, outcomes.messages[row["order"]]
    else:
        reason, message = Reason.WORKER_CRASHED, CRASHED
    failed = {"status": RowStatus.FAILED, "reason": reason, "message": message, "key": key}
    return {name: row[name] for name in ("order", "id", "motion", "strength")} | failed
