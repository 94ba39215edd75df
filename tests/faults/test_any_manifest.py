"""Manifests of people and their programs: whatever stands in them, they are read or refused in words."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.errors import ManifestError
from manifests.ids import fold
from manifests.looking import check_manifest
from manifests.schema import Manifest, read_manifest
from tests.faults.anything import IDS, VALUES, in_one_folder, in_words


def read_or_refused(path: Path) -> Manifest | None:
    """A manifest that was read and is what the product relies on, or None for one that was refused in words."""
    try:
        manifest = read_manifest(path)
    except ManifestError as error:
        assert str(error).startswith(str(path))
        assert in_words(str(error))
        assert "\n" not in str(error)
        return None
    ids = manifest.table["id"].to_pylist()
    videos = Path("/output/videos")
    for id_ in ids:
        video = videos / f"{id_}.mp4"
        assert video.parent == videos
        assert ".." not in video.parts
        assert len(video.name.encode()) <= 255
        assert not [sign for sign in id_ if sign in '/\\\0<>:"|?*' or not sign.isprintable()]
    assert len(set(fold(manifest.table["id"]).to_pylist())) == len(ids)
    assert all(isinstance(image, str) and image for image in manifest.images())
    assert len(manifest) == len(ids) > 0
    assert check_manifest(path).rows == len(ids)
    return manifest


ENDINGS = st.sampled_from([".parquet", ".csv", ".jsonl", ".json", ".tsv", ".arrow", ".xlsx", ".csv.gz"])
NAMES = st.sampled_from(["id", "image", "motion", "strength", "seed", "person"]) | st.text(max_size=6)


@in_one_folder
@given(ENDINGS, st.binary(max_size=200))
@pytest.mark.slow
def test_any_bytes_are_a_manifest_or_refused_in_words(tmp_path: Path, ending: str, data: bytes) -> None:
    (tmp_path / f"faces{ending}").write_bytes(data)
    read_or_refused(tmp_path / f"faces{ending}")


@in_one_folder
@given(
    st.sampled_from([".csv", ".jsonl", ".json", ".tsv"]),
    st.lists(
        st.sampled_from(["id", "image", ",", "\n", '"', "a", "b.png", "{", "}", ":", "[", "]", "é", "\0", "\r", "1"])
    ),
)
@example(".csv", list("id,image\n\xff,b"))
def test_any_text_is_a_manifest_or_refused_in_words(tmp_path: Path, ending: str, parts: list[str]) -> None:
    (tmp_path / f"faces{ending}").write_bytes("".join(parts).encode("latin-1"))
    read_or_refused(tmp_path / f"faces{ending}")


@in_one_folder
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=5), st.sampled_from(["id", "image", "motion"]))
@pytest.mark.slow
def test_any_json_lines_are_a_manifest_or_refused_in_words(tmp_path: Path, rows: list[Any], filled: str) -> None:
    rows = [{"id": f"row{at}", "image": "a.png"} | row for at, row in enumerate(rows)]
    (tmp_path / "faces.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    read_or_refused(tmp_path / "faces.jsonl")


@st.composite
def arrow_columns(draw: st.DrawFn, rows: int) -> pa.Array:
    """A column of any type; text may be in no UTF-8, which Arrow's writers do not look at."""

    def column(values: st.SearchStrategy[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(draw(st.lists(values | st.none(), min_size=rows, max_size=rows)), kind)

    texts = draw(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
    makers = [
        lambda: column(IDS, texts),
        lambda: column(IDS, pa.string()).dictionary_encode(),
        lambda: column(st.binary(max_size=6), pa.binary()),
        lambda: column(st.binary(max_size=6), pa.binary()).view(pa.string()),
        lambda: column(st.integers(-(2**63), 2**63 - 1), pa.int64()),
        lambda: column(st.integers(0, 2**64 - 1), pa.uint64()),
        lambda: column(st.floats(), pa.float64()),
        lambda: column(st.floats(width=16), pa.float16()),
        lambda: column(st.decimals(-100, 100, places=2), pa.decimal128(9, 2)),
        lambda: column(st.decimals(-100, 100, places=2), pa.decimal256(60, 2)),
        lambda: column(st.booleans(), pa.bool_()),
        lambda: column(st.datetimes(), pa.timestamp("us")),
        lambda: column(st.dates(), pa.date32()),
        lambda: column(st.lists(IDS, max_size=2), pa.list_(pa.string())),
        lambda: column(st.fixed_dictionaries({"id": IDS}), pa.struct({"id": pa.string()})),
        lambda: column(st.integers(0, 9), pa.int64()).dictionary_encode(),
        lambda: pa.nulls(rows),
    ]
    return draw(st.sampled_from(makers))()


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table that is nearly a manifest: some of its columns are good, some are anything."""
    rows = draw(st.integers(0, 4))
    columns: dict[str, Any] = {"id": [f"row{at}" for at in range(rows)], "image": ["a.png"] * rows}
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        columns[name] = draw(arrow_columns(rows))
    for name in draw(st.sets(st.sampled_from(["id", "image"]), max_size=1)):
        del columns[name]
    doubled = draw(st.booleans()) and draw(st.booleans()) and bool(columns)
    names = [*columns, *([next(iter(columns))] if doubled else [])]
    return pa.Table.from_arrays(
        [pa.array(columns[name]) if isinstance(columns[name], list) else columns[name] for name in names], names
    )


@settings(in_one_folder, max_examples=150)
@given(tables())
@pytest.mark.slow
def test_any_table_is_a_manifest_or_refused_in_words(tmp_path: Path, table: pa.Table) -> None:
    try:
        pq.write_table(table, tmp_path / "faces.parquet")
    except pa.ArrowNotImplementedError:  # a type that Parquet does not have
        return
    read_or_refused(tmp_path / "faces.parquet")


@settings(in_one_folder, max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
@pytest.mark.slow
def test_a_damaged_parquet_file_is_a_manifest_or_refused_in_words(tmp_path: Path, damage: list[Any]) -> None:
    pq.write_table(
        pa.table({"id": ["a", "b"], "image": ["a.png", "b.png"], "seed": [1, 2]}), tmp_path / "faces.parquet"
    )
    data = bytearray((tmp_path / "faces.parquet").read_bytes())
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    (tmp_path / "faces.parquet").write_bytes(data)
    read_or_refused(tmp_path / "faces.parquet")
