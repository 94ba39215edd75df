import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ManifestError
from manifests.looking import check_manifest
from manifests.schema import read_manifest

ROWS = [
    {"id": "anna", "image": "faces/anna.jpg", "motion": "smile", "strength": 1.5, "seed": 7, "age": 31},
    {"id": "007", "image": "/data/bond.png", "motion": None, "strength": None, "seed": None, "age": 40},
    {"id": "2024-01-31", "image": "s3://bucket/c.webp", "motion": "turn", "strength": -1.0, "seed": 0, "age": 5},
]


def written(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".parquet":
        pa.parquet.write_table(table, path)
    elif path.suffix == ".csv":
        pa.csv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()))
    return path


def refused(path: Path, said: str) -> None:
    with pytest.raises(ManifestError, match=said) as caught:
        read_manifest(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message


@pytest.fixture(params=[".parquet", ".csv", ".jsonl"])
def target(request, tmp_path) -> Path:
    return tmp_path / f"targets{request.param}"


def test_all_formats_give_the_same_table(target):
    manifest = read_manifest(written(pa.Table.from_pylist(ROWS), target))
    ages = {".csv": [str(row["age"]) for row in ROWS]}.get(target.suffix, [row["age"] for row in ROWS])
    assert manifest.table.to_pylist() == [row | {"age": age} for row, age in zip(ROWS, ages, strict=True)]
    assert len(manifest) == 3
    assert manifest.table.schema.types[:5] == [pa.string(), pa.string(), pa.string(), pa.float64(), pa.int64()]


def test_images_are_meant_from_the_manifests_folder(target):
    manifest = read_manifest(written(pa.Table.from_pylist(ROWS), target))
    assert manifest.images() == [str(target.parent / "faces/anna.jpg"), "/data/bond.png", "s3://bucket/c.webp"]


def test_images_of_a_manifest_given_by_a_relative_path_are_absolute(tmp_path, monkeypatch):
    written(pa.Table.from_pylist(ROWS[:1]), tmp_path / "targets.csv")
    monkeypatch.chdir(tmp_path)
    assert read_manifest("targets.csv").images() == [str(tmp_path / "faces/anna.jpg")]


def test_optional_columns_may_be_absent(target):
    table = pa.table({"id": ["a"], "image": ["a.jpg"]})
    assert read_manifest(written(table, target)).table.column_names == ["id", "image"]


def test_own_columns_come_first_and_others_are_carried_in_their_order(target):
    table = pa.table({"z": [1], "image": ["a.jpg"], "seed": [3], "b": ["x"], "id": ["a"]})
    assert read_manifest(written(table, target)).table.column_names == ["id", "image", "seed", "z", "b"]


@settings(max_examples=15)
@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{3,30}", fullmatch=True), min_size=1, max_size=15, unique=True))
def test_any_safe_ids_survive_any_format(tmp_path_factory, ids):
    folder = tmp_path_factory.mktemp("manifests")
    table = pa.table({"id": ids, "image": [f'{name},"ü".jpg' for name in ids]})
    for ending in (".parquet", ".csv", ".jsonl"):
        assert read_manifest(written(table, folder / f"targets{ending}")).table.equals(table)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"], pa.string_view()),
    ],
)
def test_text_may_be_stored_in_any_way_that_text_is(column, tmp_path):
    path = tmp_path / "targets.parquet"
    pa.parquet.write_table(pa.table({"id": column, "image": column}), path)
    assert read_manifest(path).table["id"].to_pylist() == ["a", "b"]


def test_a_folder_whose_name_looks_like_a_column_is_a_folder_alone(tmp_path):
    (tmp_path / "motion=smile").mkdir()
    path = written(pa.table({"id": ["a"], "image": ["b"]}), tmp_path / "motion=smile" / "targets.parquet")
    assert read_manifest(path).table.column_names == ["id", "image"]


def test_whole_numbers_with_gaps_that_a_tool_made_floats_are_seeds(tmp_path):
    path = tmp_path / "targets.parquet"
    pa.parquet.write_table(pa.table({"id": ["a", "b"], "image": ["a", "b"], "seed": [3.0, None]}), path)
    assert read_manifest(path).table["seed"].to_pylist() == [3, None]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ["a", "an/na", "c"]}, r'row 2, column "id": "an/na" names a file'),
        ({"id": ["a", "", "c"]}, r'row 2, column "id": expected an id, found nothing\.$'),
        ({"id": ["a", " ", " "]}, r"row 2.*found nothing\. The same is wrong in 1 more row\.$"),
        ({"id": ["a", "b", "a"]}, r'row 3, column "id": "a" is in row 1 already'),
        ({"id": ["Anna", "b", "anna"]}, r'row 3, column "id": "anna" is in row 1 already, written "Anna"'),
        (
            {"id": ["\u00e9", "e\u0301", "c"]},
            r'row 2, column "id".* in row 1 already, written with other code points for the same',
        ),
        ({"id": ["x/1", "x/2", "x/3"]}, r'row 1.*"x/1".*in 2 more rows\.$'),
        ({"image": ["a.jpg", "", ""]}, r'row 2, column "image": expected a path or URI.*in 1 more row\.$'),
        (
            {"strength": [1.0, None, float("inf")]},
            r'row 3, column "strength": expected a finite number, found "?inf',
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named(changes, said, target):
    columns = {"id": ["a", "b", "c"], "image": ["a.jpg", "b.jpg", "c.jpg"]}
    refused(written(pa.table(columns | changes), target), said)


def test_the_row_that_is_named_has_its_thousands_apart(target):
    ids = [f"t{index}" for index in range(2000)]
    ids[1203] = "an\x00na"
    table = pa.table({"id": ids, "image": ids})
    if target.suffix != ".csv":
        refused(written(table, target), r'row 1,204, column "id": "an\\x00na" names a file')


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": [None, "b"], "image": ["a", "b"]}, 'row 1, column "id": expected an id, found nothing'),
        ({"id": ["a", "b"], "image": ["a", None]}, 'row 2, column "image": expected a path or URI, found nothing'),
        ({"id": [True, False], "image": ["a", "b"]}, 'column "id" must be text, found bool'),
        ({"id": [1.0, 2.5], "image": ["a", "b"]}, 'row 2, column "id": expected text or a whole number, found 2.5'),
        ({"id": [["a"], ["b"]], "image": ["a", "b"]}, 'column "id" must be text, found list'),
        ({"id": ["a"], "image": ["a"], "strength": [True]}, 'column "strength" must be a number, found bool'),
        ({"id": ["a"], "image": ["a"], "seed": [0.5]}, 'row 1, column "seed": expected a whole number'),
        (
            {"id": ["a"], "image": ["a"], "seed": pa.array([2**63], pa.uint64())},
            'row 1, column "seed": expected a whole number',
        ),
        ({"id": ["a"]}, 'column "image" is missing; found "id"'),
        ({"image": ["a"], "name": ["x"]}, 'column "id" is missing; found "image", "name". Did you mean "name"?'),
        ({"id": pa.array([], pa.string()), "image": pa.array([], pa.string())}, "no rows"),
    ],
)
def test_parquet_columns_that_cannot_serve_are_named(columns, said, tmp_path):
    refused(written(pa.table(columns), tmp_path / "targets.parquet"), said)


def test_a_column_that_stands_there_twice_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["id", "image", "id"])
    refused(written(table, tmp_path / "targets.parquet"), 'column "id" is there 2 times')
    refused(written(table, tmp_path / "targets.csv"), 'column "id" is there 2 times')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        ("id,image\n", "no rows"),
        ("id,image\na\n", r'row 1 \(line 2\): expected 2 cells as in the header, found 1: "a"'),
        ("id,image,strength\na,b,1.5\nc,d,strong\n", 'row 2, column "strength": expected a number, found "strong"'),
        ("id,image,strength\na,b,1_0\n", 'row 1, column "strength": expected a number, found "1_0"'),
        ("id,image,strength\na,b,+inf\n", 'row 1, column "strength": expected a finite number'),
        ("id,image,seed\na,b,\nc,d,1.5\n", 'row 2, column "seed": expected a whole number'),
    ],
)
def test_csv_files_that_cannot_serve_are_refused(text, said, tmp_path):
    path = tmp_path / "targets.csv"
    path.write_text(text)
    refused(path, said)


def test_csv_files_as_spreadsheets_write_them_are_read(tmp_path):
    path = tmp_path / "targets.csv"
    path.write_bytes('\ufeffid,image,strength,seed\r\nMüller," a, b.jpg ",+1.5, 3 \r\n0012,"c\nd.jpg",,\r\n'.encode())
    table = read_manifest(path).table
    assert table["id"].to_pylist() == ["Müller", "0012"]
    assert table["image"].to_pylist() == ["a, b.jpg", "c\nd.jpg"]
    assert table["strength"].to_pylist() == [1.5, None]
    assert table["seed"].to_pylist() == [3, None]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "an empty file"),
        ('{"id": "a", "image": "b"}\n{"id": ["c"], "image": "c"}\n', 'row 2, column "id": expected text or a number'),
        ('{"id": "a", "image": "b"}\n{"id": ', r"row 2 \(line 2\): it is not JSON"),
        ('{"id": "a"}\n', 'column "image" is missing; found "id"'),
        ('{"id": "a", "image": "b", "strength": "x"}\n', 'row 1, column "strength": expected a number, found "x"'),
    ],
)
def test_json_lines_that_cannot_serve_are_refused(lines, said, tmp_path):
    path = tmp_path / "targets.jsonl"
    path.write_text(lines)
    refused(path, said)


def test_a_wrong_row_far_down_a_file_of_json_lines_is_counted_from_its_start(tmp_path):
    path = tmp_path / "targets.jsonl"
    rows = [json.dumps({"id": f"t{index}", "image": "x" * 100}) for index in range(20_000)]
    rows[17_500] = '{"id": 5.5, "image": ["x"]}'
    path.write_text("\n".join(rows))
    refused(path, 'row 17,501, column "image": expected a path, a URI or')


def test_files_that_are_no_manifest_are_refused(tmp_path):
    refused(tmp_path / "targets.parquet", "there is no such file")
    refused(tmp_path / "targets.csv", "there is no such file")
    refused(tmp_path / "“targets.csv”", "The marks “ and ” are taken as part of its name: remove them")
    refused(tmp_path / "targets.jsonl", "there is no such file")
    refused(tmp_path / "$HOME/targets.csv", r"variables \(\$\) are not replaced")
    refused(tmp_path, "a folder, not a manifest")
    (tmp_path / "targets.docx").write_bytes(b"x")
    refused(tmp_path / "targets.docx", r'ends in .parquet, .*, found ".docx"')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    refused(tmp_path / "broken.parquet", "not readable: ")


def test_motions_that_the_job_has_not_are_refused(target):
    manifest = read_manifest(written(pa.Table.from_pylist(ROWS), target))
    with pytest.raises(ManifestError, match='row 3, column "motion": expected "smile".*found "turn"'):
        manifest.check_motions(["smile"])
    with pytest.raises(ManifestError, match='row 2, column "motion": the job has several motions.*found nothing'):
        manifest.check_motions(["smile", "turn"])
    named = read_manifest(written(pa.Table.from_pylist([ROWS[0], ROWS[2]]), target))
    named.check_motions(["turn", "smile", "blink"])


def test_rows_need_not_name_the_one_motion_there_is(target):
    manifest = read_manifest(written(pa.table({"id": ["a"], "image": ["b"]}), target))
    manifest.check_motions(["smile"])
    with pytest.raises(ManifestError, match='column "motion" must say "smile" or "turn"'):
        manifest.check_motions(["smile", "turn"])


def test_a_check_counts_rows_motions_and_missing_images(tmp_path):
    (tmp_path / "here.jpg").write_bytes(b"x")
    images = ["here.jpg", *[f"gone{index}.jpg" for index in range(7)], "s3://bucket/c.jpg"]
    motions = ["smile", "turn", "smile", *[None] * 6]
    table = pa.table({"id": [f"t{index}" for index in range(9)], "image": images, "motion": motions})
    summary = check_manifest(written(table, tmp_path / "targets.csv"))
    assert (summary.rows, summary.remote, summary.missing) == (9, 1, 7)
    assert summary.motions == {"smile": 2, "turn": 1}
    assert len(summary.examples) == 5
    assert summary.examples[0] == f'row 2 (id "t1"): {tmp_path / "gone0.jpg"} is not there'


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_checked(target):
    count = 100_000
    numbers = np.arange(count)
    ids = [f"target-{number}" for number in numbers]
    table = pa.table({"id": ids, "image": ids, "strength": np.linspace(0, 1, count), "seed": numbers})
    manifest = read_manifest(written(table, target))
    assert len(manifest.images()) == count
    ids[-1] = "TARGET-5"
    refused(written(table.set_column(0, "id", pa.array(ids)), target), 'row 100,000.*"TARGET-5" is in row 6 already')


@pytest.mark.parametrize("first", ["id", "image"])
def test_a_byte_order_mark_that_a_table_has_kept_of_a_csv_is_no_part_of_a_name(tmp_path: Path, first: str) -> None:
    table = pa.table({"id": ["a"], "image": ["a.jpg"], "strength": [0.5]}).select(
        [first, "strength", *({"id", "image"} - {first})]
    )
    path = written(table.rename_columns([f"\ufeff{first}", *table.column_names[1:]]), tmp_path / "m.parquet")
    assert read_manifest(path).table.to_pylist() == [{"id": "a", "image": "a.jpg", "strength": 0.5}]


@pytest.mark.parametrize(
    "beside",
    ["_delta_log/0.json", ".hoodie/x", "metadata/00000-a.metadata.json", "_temporary/0/x", "dataset_info.json"],
)
def test_a_folder_whose_files_do_not_say_which_rows_count_is_refused(tmp_path: Path, beside: str) -> None:
    (tmp_path / beside).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / beside).touch()
    pa.parquet.write_table(pa.table({"id": ["a"], "image": ["a.jpg"]}), tmp_path / "part-0.parquet")
    with pytest.raises(ManifestError, match="Save its rows as one Parquet file"):
        read_manifest(tmp_path)
