"""Carried columns in the results and the report: whatever their type and name."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.schema import read_manifest
from pipeline.output.ledger import RESULT_FIELDS, Ledger
from pipeline.output.results import collect_results
from pipeline.report.html import write_report
from pipeline.report.metrics import FIGURES, spread


def results_of(folder: Path, table: pa.Table) -> pa.Table:
    with pa.OSFile(str(folder / "l.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    manifest = read_manifest(folder / "l.arrow").table
    results = collect_results(manifest, [None] * len(manifest), Ledger.open(folder).rows())
    pq.write_table(results, folder / "results.parquet")
    return pq.read_table(folder / "results.parquet")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", "y"], pa.string_view()),
        pa.array([b"x", b"y"], pa.binary_view()),
        pa.array([[{"a": "x"}], None], pa.list_(pa.struct({"a": pa.string_view()}))),
        pa.array([{}, {}], pa.struct([])),
        pa.array([0, 1], pa.timestamp("us", "Mars/Olympus")),
        pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_of_any_type_reaches_the_results_and_the_report(tmp_path: Path, column: pa.Array) -> None:
    results = results_of(tmp_path, pa.table({"id": ["a", "b"], "image": ["a", "b"], "x": column}))
    assert results.column_names[-1] == "x" and len(results) == 2
    assert "Left out" not in write_report(tmp_path).read_text()


def test_carried_columns_of_any_name_are_kept_apart(tmp_path: Path) -> None:
    names = ["status", "manifest_status", "", "ID", "image.path", "é\n<b>", "x" * 300, "manifest_manifest_status"]
    columns = {"id": ["a"], "image": ["a"]} | {name: [f"{at}"] for at, name in enumerate(names)}
    results = results_of(tmp_path, pa.table(columns))
    carried = [name for name in results.column_names if name not in RESULT_FIELDS and name != "image"]
    assert len(carried) == len(names)
    assert sorted(results[name][0].as_py() for name in carried) == [str(at) for at in range(len(names))]
    assert results["manifest_status"][0].as_py() == "1"
    assert write_report(tmp_path).is_file()


def test_results_with_figures_of_another_type_have_a_report_that_says_so(tmp_path: Path) -> None:
    table = pa.table(
        {"id": ["a"], "status": ["done"], "video": ["videos/a.mp4"], "csim_mean": [["odd"]], "frames": ["x"]}
    )
    pq.write_table(table, tmp_path / "results.parquet")
    page = write_report(tmp_path).read_text()
    assert "Left out of this page" in page and "Identity" in page and "the totals" in page


@pytest.mark.parametrize(
    "values", [[-1.7e308, 1.7e308], [1e308] * 3, [1.0, 1.0 + 2**-52], [0.0, 5e-324], [math.inf, 1.0]]
)
def test_a_histogram_is_made_of_any_values(values: list[float]) -> None:
    found = spread(FIGURES[0], pa.table({FIGURES[0].column: values}))
    assert found is not None and max(found.bars) == 1.0


def test_videos_beyond_what_the_generator_can_draw_are_told_in_the_report(tmp_path: Path) -> None:
    message = "at the furthest its frames show no clear face any more (0.21 of the rest's). Lower the strength."
    table = pa.table(
        {"id": ["a", "b"], "status": ["done", "done"], "message": ["", message], "video": ["v.mp4", "w.mp4"]}
    )
    none = {name: pa.nulls(2, RESULT_FIELDS[name]) for name in ("width", "height", "frames", "motion")}
    pq.write_table(
        pa.table({**{name: table[name] for name in table.column_names}, **none}), tmp_path / "results.parquet"
    )
    page = " ".join(write_report(tmp_path).read_text().split())
    assert "turned by less" not in page
    assert "Worth a look" in page and "<td>row 2</td><td><b>b</b></td>" in page
    assert "Left out" not in page


def test_turns_that_were_softened_are_told_in_the_report_the_least_first(tmp_path: Path) -> None:
    given = [1.0, 0.9, None, 0.62, math.nan, 0.995]
    table = pa.table({"id": list("abcdef"), "status": ["done"] * 6, "message": [""] * 6, "turn_given": given})
    table = table.append_column("video", pa.array([f"{id_}.mp4" for id_ in "abcdef"]))
    for name in ("width", "height", "frames", "motion"):
        table = table.append_column(name, pa.nulls(6, RESULT_FIELDS[name]))
    pq.write_table(table, tmp_path / "results.parquet")
    page = " ".join(write_report(tmp_path).read_text().split())
    assert '62 to 90 % of it <span class="quiet">2 rows</span>' in page
    first = page.index("<td>row 4</td><td><b>d</b></td><td>its head turns by 62 %")
    assert first < page.index("<td>row 2</td><td><b>b</b></td><td>its head turns by 90 %")
    assert "Left out" not in page
