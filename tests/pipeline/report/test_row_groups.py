"""Videos that were made are remarked on where what was measured of them gives a reason, and only there."""

import math

import numpy as np
import pyarrow as pa

from pipeline.report.row_groups import Group, count_far_from_motion, remark_groups, unlike_the_motion
from tests.pipeline.report.made_results import SCHEMA, done, failed


def remarks(*rows: dict[str, object]) -> dict[str, Group]:
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    finished = np.flatnonzero(np.array(table["status"].to_pylist()) == "done")
    return {group.reason.split(" ")[0]: group for group in remark_groups(table, finished)}


def test_videos_measured_far_from_the_motion_are_named_the_furthest_first() -> None:
    group = remarks(
        done("anna"),
        failed("dog"),
        done("small", motion_amplitude=0.24, motion_found=math.nan),
        done("back", motion_amplitude=-0.81, motion_correlation=-0.98, motion_found=0.4),
        done("large", motion_amplitude=2.5),
        done("late", motion_correlation=0.1),
        done("unmeasured", motion_amplitude=math.nan, motion_correlation=math.nan),
    )["measured"]
    assert [(row, id_) for row, id_, _ in group.rows] == [(4, "back"), (5, "large"), (3, "small"), (6, "late")]
    backwards, _, small, _ = (message for _, _, message in group.rows)
    assert "backwards (amplitude -0.81, correlation -0.98)" in backwards and "40 %" in backwards
    assert "0.24 times as far" in small and "%" not in small


def test_videos_as_the_motion_asks_and_those_that_were_not_measured_are_not_named() -> None:
    bare = {"motion_amplitude": math.nan, "motion_correlation": math.nan}
    assert "measured" not in remarks(done("anna"), done("ben", motion_amplitude=0.62), done("eve", **bare))


def test_results_without_the_columns_have_nothing_far_from_the_motion() -> None:
    assert len(unlike_the_motion(pa.table({"id": ["anna"]}))) == 0


def test_finished_videos_far_from_the_motion_are_counted_and_no_others() -> None:
    rows = [
        done("anna"),
        done("small", motion_amplitude=0.24),
        {**done("dog", motion_amplitude=0.1), "status": "failed"},
    ]
    assert count_far_from_motion(pa.Table.from_pylist(rows, schema=SCHEMA)) == 1
