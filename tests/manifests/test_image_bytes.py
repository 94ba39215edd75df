"""Pictures inside the table: each row gets an address, and the address its bytes."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from common.errors import ManifestError, UnreadableImage
from manifests.schema import read_manifest
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch

STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def png(value: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (value, 0, 0)).save(stream, "png")
    return stream.getvalue()


def write(table: pa.Table, path: Path, rows: int = 2) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=rows)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
    return path


def reds(path: Path) -> list[int]:
    return [int(decode_image(fetch(image), image)[0, 0, 0]) for image in read_manifest(path).images()]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view(), STRUCT])
def test_pictures_in_the_table_are_the_rows_pictures(tmp_path: Path, ending: str, kind: pa.DataType) -> None:
    if ending == "parquet" and pa.types.is_binary_view(kind):
        kind = pa.binary()
    values: list[Any] = [png(at) for at in range(7)]
    if pa.types.is_struct(kind):
        values = [{"bytes": value, "path": f"{'abcdefg'[at]}.png"} for at, value in enumerate(values)]
    ids = [f"i{at}" for at in range(7)]
    path = write(pa.table({"id": ids, "image": pa.array(values, kind), "label": range(7)}), tmp_path / f"l.{ending}")
    assert reds(path) == list(range(7))
    table = read_manifest(path).table
    assert table["label"].to_pylist() == list(range(7))
    assert ("image_path" in table.column_names) == pa.types.is_struct(kind)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_row_without_bytes_has_its_path_and_one_without_both_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / "b.png").write_bytes(png(9))
    values: list[dict[str, Any]] = [
        {"bytes": png(1), "path": "a.png"},
        {"bytes": None, "path": "b.png"},
        {"bytes": png(2), "path": None},
    ]
    table = pa.table({"id": ["a", "b", "c"], "image": pa.array(values, STRUCT)})
    assert reds(write(table, tmp_path / f"l.{ending}", rows=3)) == [1, 9, 2]
    values[1]["path"] = None
    table = pa.table({"id": ["a", "b", "c"], "image": pa.array(values, STRUCT)})
    with pytest.raises(ManifestError, match='row 2, column "image": expected a path or URI, found nothing'):
        read_manifest(write(table, tmp_path / f"l.{ending}"))


def test_ids_are_made_of_the_names_that_pictures_had(tmp_path: Path) -> None:
    values = [{"bytes": png(1), "path": "x/anna.png"}, {"bytes": png(2), "path": None}]
    path = write(pa.table({"image": pa.array(values, STRUCT), "label": [0, 1]}), tmp_path / "l.parquet")
    assert read_manifest(path).table["id"].to_pylist() == ["anna", "row-000002"]


def test_the_images_column_may_have_another_name(tmp_path: Path) -> None:
    table = pa.table({"key": ["a"], "img.jpg": pa.array([png(5)])})
    write(table, tmp_path / "l.parquet")
    [image] = read_manifest(tmp_path / "l.parquet", {"id": "key", "image": "img.jpg"}).images()
    assert decode_image(fetch(image), image)[0, 0, 0] == 5


def test_paths_that_an_old_writer_left_as_bytes_are_paths(tmp_path: Path) -> None:
    path = write(pa.table({"id": ["a"], "image": pa.array(["é.png".encode()])}), tmp_path / "l.parquet")
    assert read_manifest(path).images() == [str(tmp_path / "é.png")]


def test_names_of_any_kind_are_found_again(tmp_path: Path) -> None:
    path = write(pa.table({"id": ["a"], "image": pa.array([png(3)])}), tmp_path / "a b#?%20é:2.parquet")
    assert reds(path) == [3]


def test_pictures_in_a_stream_are_refused(tmp_path: Path) -> None:
    table = pa.table({"id": ["a"], "image": pa.array([png(3)])})
    with pa.OSFile(str(tmp_path / "l.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(ManifestError, match="a stream of Arrow"):
        read_manifest(tmp_path / "l.arrow")


def test_a_table_that_is_gone_or_shorter_is_the_rows_failure(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "image": pa.array([png(3), png(4)])})
    path = write(table, tmp_path / "l.parquet")
    image = read_manifest(path).images()[1]
    write(table.slice(0, 1), path)
    with pytest.raises(UnreadableImage, match="has nothing in row 2"):
        fetch(image)
    path.unlink()
    with pytest.raises(UnreadableImage, match="No such file"):
        fetch(image)


def test_the_driver_does_not_read_the_pictures(tmp_path: Path) -> None:
    """A manifest whose images are damaged in the file is read; only whoever opens one notices."""
    noise = bytes(range(256)) * 64
    values = [{"bytes": noise, "path": f"{at}.png"} for at in range(4)]
    path = write(pa.table({"id": list("abcd"), "image": pa.array(values, STRUCT)}), tmp_path / "l.parquet", rows=4)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    assert column.path_in_schema == "image.bytes"
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    manifest = read_manifest(path)
    assert manifest.table["image_path"].to_pylist() == [f"{at}.png" for at in range(4)]
    with pytest.raises(UnreadableImage):
        fetch(manifest.images()[0])


def test_a_manifest_in_a_store_names_the_store(tmp_path: Path) -> None:
    path = write(pa.table({"id": ["a", "b"], "image": pa.array([png(3), png(4)])}), tmp_path / "l.parquet")
    images = read_manifest(f"file://{path}").images()
    assert [decode_image(fetch(image), image)[0, 0, 0] for image in images] == [3, 4]
