"""The rows that the report lists by themselves: failures by reason, and videos that deserve a look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from common.errors import Reason
from common.formatting import clean
from pipeline.report.metrics import values
from stages.base import RowStatus

FAILURES_EACH = 50
MESSAGE_SIGNS = 400
# Of the turn asked: an image that makes this much makes all of it, for the eye.
ALL_OF_A_TURN = 0.99
# A measured motion outside of these is far from the one asked. Of the demo's rendered faces none is, at any motion;
# 16 photographs given two filmed clips moved by 0.7 of what those do in the median, and by less than a third in one of
# ten.
LEAST_CORRELATION = 0.5
LEAST_AMPLITUDE, MOST_AMPLITUDE = 0.33, 2.0


@dataclass(frozen=True)
class Group:
    """Rows for one reason: how many, and of the first few the row (from 1), id and message."""

    reason: str
    number: int
    rows: tuple[tuple[int, str, str], ...]


def failure_groups(table: pa.Table, failed: np.ndarray) -> list[Group]:
    """Failed rows by reason, the most frequent first; rows are counted from 1 as in the manifest."""
    rows = table.select(["id", "reason", "message"]).take(pa.array(failed, pa.int64())).to_pylist()
    by_reason: dict[str, list[tuple[int, str, str]]] = {}
    for index, row in zip(failed.tolist(), rows, strict=True):
        entry = (index + 1, clean(row["id"]), clean(row["message"] or "")[:MESSAGE_SIGNS])
        by_reason.setdefault(row["reason"] or Reason.INTERNAL_ERROR, []).append(entry)
    largest_first = sorted(by_reason.items(), key=lambda one: (-len(one[1]), one[0]))
    return [_group(reason, entries) for reason, entries in largest_first]


def remark_groups(table: pa.Table, done: np.ndarray) -> list[Group]:
    """Finished videos that deserve a look, by why; rows are counted from 1 as in the manifest."""
    made = table.take(pa.array(done, pa.int64()))
    ids, messages = made["id"].to_pylist(), made["message"].to_pylist()
    beyond = [
        (index + 1, clean(id_), clean(message)[:MESSAGE_SIGNS])
        for index, id_, message in zip(done.tolist(), ids, messages, strict=True)
        if message
    ]
    given = values(made, "turn_given")
    softened = np.flatnonzero(given < ALL_OF_A_TURN)
    turned = [
        (int(done[at]) + 1, clean(ids[at]), f"its head turns by {100 * given[at]:.0f} % of what the motion asks")
        for at in softened[np.argsort(given[softened], kind="stable")]
    ]
    groups = [_group("beyond what the generator can draw", beyond)] if beyond else []
    if len(unlike := unlike_the_motion(made)):
        shown = "measured motion far from the one asked for; on paintings and small motions, landmarks can be misread"
        groups.append(_group(shown, [(int(done[at]) + 1, clean(ids[at]), _describe_motion(made, at)) for at in unlike]))
    if turned:
        shown = f"turned by less than the motion asks, for a flat image would tear: {_range(given[softened])} of it"
        groups.append(_group(shown, turned))
    return groups


def unlike_the_motion(made: pa.Table) -> np.ndarray:
    """Which videos' landmarks were seen to move far otherwise than the motion asks: indices, the furthest first."""
    correlation, amplitude = values(made, "motion_correlation"), values(made, "motion_amplitude")
    far = np.flatnonzero(
        (correlation < LEAST_CORRELATION) | (amplitude < LEAST_AMPLITUDE) | (amplitude > MOST_AMPLITUDE)
    )
    return far[np.argsort(-np.abs(amplitude[far] - 1), kind="stable")]


def count_far_from_motion(results: pa.Table) -> int:
    """How many finished videos have a measured motion far from the one asked for."""
    return len(unlike_the_motion(results.filter(pc.equal(results["status"], RowStatus.DONE))))


def _describe_motion(made: pa.Table, at: int) -> str:
    """What was measured of one video's motion, in a sentence."""
    amplitude, correlation, found = (
        float(values(made, name)[at]) for name in ("motion_amplitude", "motion_correlation", "motion_found")
    )
    way = "backwards" if amplitude < 0 else f"{amplitude:.2f} times as far as the clip's"
    sentence = f"its landmarks were seen to move {way} (amplitude {amplitude:.2f}, correlation {correlation:.2f})"
    if np.isfinite(found):
        sentence += f"; the frames show {100 * found:.0f} % of the motion that the image was given"
    return sentence


def _group(reason: str, entries: Sequence[tuple[int, str, str]]) -> Group:
    return Group(reason, len(entries), tuple(entries[:FAILURES_EACH]))


def _range(given: np.ndarray) -> str:
    """Shares from the least to the largest, in words."""
    least, most = (f"{100 * share:.0f}" for share in (given.min(), given.max()))
    return f"{least} %" if least == most else f"{least} to {most} %"
