"""Strengths that a person may not have meant."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.schema import Manifest, read_manifest
from manifests.strengths import strength_notes


def listed(folder: Path, strengths: list[float | None]) -> Manifest:
    count = len(strengths)
    ids, column = [f"i{at}" for at in range(count)], pa.array(strengths, pa.float64())
    pq.write_table(pa.table({"id": ids, "image": ["a"] * count, "strength": column}), folder / "faces.parquet")
    return read_manifest(folder / "faces.parquet")


@pytest.mark.parametrize(
    ("strengths", "said"),
    [
        ([0.5, 50.0], "1 row is far out, the furthest .*row 2 with 50; .* 50 % is 0.5"),
        ([1e6, -1e9, 1.0], "2 rows are far out, the furthest .*row 2 with -1e\\+09"),
        ([0.01] * 9 + [2.0], "1 row is far out, the furthest .*row 10 with 2"),
    ],
)
def test_strengths_that_may_not_be_meant_are_said(tmp_path: Path, strengths: list[float | None], said: str) -> None:
    [note] = strength_notes(listed(tmp_path, strengths))
    assert re.search(said, note)


@pytest.mark.parametrize(
    "strengths", [[0.5, None, 2.0], [1.0] * 20, [0.2 + 0.1 * at for at in range(20)], [-1.0, 1.0] * 9]
)
def test_usual_strengths_are_not_remarked_on(tmp_path: Path, strengths: list[float | None]) -> None:
    assert strength_notes(listed(tmp_path, strengths)) == []


def test_a_jobs_own_strength_is_judged_as_well(tmp_path: Path) -> None:
    manifest = listed(tmp_path, [None])
    assert strength_notes(manifest, -3.0) == []
    [note] = strength_notes(manifest, 30.0)
    assert note.startswith("video.strength: 30") and note.endswith("30 % is 0.3")


def test_a_jobs_strength_that_no_row_uses_is_said_to_change_nothing(tmp_path: Path) -> None:
    [note] = strength_notes(listed(tmp_path, [0.5, 1.5]), 2.0)
    assert "changes nothing" in note
    assert strength_notes(listed(tmp_path, [0.5, None]), 2.0) == []
