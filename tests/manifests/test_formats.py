"""Every format that lists come in gives the same rows; what is something else is called by its name."""

import bz2
import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import ManifestError
from manifests.schema import read_manifest

TABLE = pa.table({"id": ["anna", "ben"], "image": ["a.jpg", "b.jpg"], "age": ["31", "5"]})
CSV = b"id,image,age\nanna,a.jpg,31\nben,b.jpg,5\n"
LINES = b'{"id": "anna", "image": "a.jpg", "age": "31"}\n{"id": "ben", "image": "b.jpg", "age": "5"}\n'


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(TABLE, stream)
    return stream.getvalue()


def arrow(stream: bool = False) -> bytes:
    sink = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def workbook(second: str = "") -> bytes:
    """A workbook of two rows, with what every reader asks for and nothing else."""
    cells: list[list[object]] = [
        ["id", "image", "age", "", "size"],
        ["anna", "a.jpg", "31", "", 1.5],
        ["ben", "b.jpg", 5, "", 7],
    ]
    rows = "".join(
        "<row>"
        + "".join(
            f"<c><v>{cell}</v></c>" if not isinstance(cell, str) else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        )
        + "</row>"
        for row in cells
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = ["people", *([second] if second else [])]
    sheets = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>' for at, name in enumerate(names, 1))
    links = "".join(
        f'<Relationship Id="r{at}" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        for at in range(1, len(names) + 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        for name, text in files.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("l.csv", CSV),
        ("l.CSV", CSV),
        ("l.txt", CSV),
        ("l.tsv", CSV.replace(b",", b"\t")),
        ("l.csv.gz", gzip.compress(CSV, mtime=0)),
        ("l.csv", gzip.compress(CSV, mtime=0)),
        ("l.gz", gzip.compress(CSV, mtime=0)),
        ("l.csv.gz", gzip.compress(CSV[:20], mtime=0) + gzip.compress(CSV[20:], mtime=0)),
        ("l.csv.bz2", bz2.compress(CSV)),
        ("l.csv.zst", zstd(CSV)),
        ("l.jsonl", LINES),
        ("l.ndjson", LINES),
        ("l.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("l.jsonl.zst", zstd(LINES)),
        ("l.csv", LINES),
        ("l.parquet", parquet()),
        ("l.pq", parquet()),
        ("l.csv", parquet()),
        ("take:2.parquet", parquet()),
        ("l.arrow", arrow()),
        ("l.arrow", arrow(stream=True)),
        ("l.feather", arrow()),
        ("l.parquet", arrow()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, data: bytes, monkeypatch) -> None:
    (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    assert read_manifest(name).table.to_pylist() == TABLE.to_pylist()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("l.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        ("l.csv", b"\n<html>", "a web page"),
        ("l.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "pointer of Git LFS"),
        ("l.csv", b"%PDF-1.7", "a PDF"),
        ("l.csv", b"PK\x03\x04" + b"\0" * 40, "a ZIP archive. Unpack it"),
        ("l.csv", b"\x89PNG\r\n\x1a\n", "an image. Make a manifest"),
        ("l.tar.gz", gzip.compress(b"a" * 257 + b"ustar", mtime=0), "a tar archive, packed"),
        ("l.parquet", CSV, "expected Parquet by its name"),
        ("l.parquet", parquet()[:200], "not readable"),
        ("l.csv", b"", "an empty file"),
        ("l.feather", b"FEA1" + b"\0" * 9, "Feather of version 1"),
        ("l.csv.gz", gzip.compress(CSV, mtime=0)[:25], "not readable"),
        ("l.docx", b"x", "a manifest ends in .parquet"),
        ("l", CSV, "found none"),
        ("l.arrow", b"x" * 20, "not readable"),
        ("l.xlsx", CSV, "expected a workbook by its name"),
    ],
)
def test_what_is_something_else_is_called_by_its_name(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / name)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", ["l.xlsx", "named.csv"])
def test_a_workbook_is_read_as_people_see_it(tmp_path: Path, name: str) -> None:
    pytest.importorskip("python_calamine")
    (tmp_path / name).write_bytes(workbook("old"))
    manifest = read_manifest(tmp_path / name)
    assert manifest.table.drop_columns(["size"]).to_pylist() == TABLE.to_pylist()
    assert manifest.table["size"].to_pylist() == ["1.5", "7"]
    assert 'sheet "people" was read, and not "old"' in manifest.notes[0]


def test_a_workbook_that_cannot_be_read_says_what_helps(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "l.xlsx").write_bytes(workbook())
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(ManifestError, match='Save it as "CSV UTF-8", or .*pip install'):
        read_manifest(tmp_path / "l.xlsx")


def test_a_folder_of_parts_is_one_manifest_beside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "faces.parquet"
    for group, rows in (("a", TABLE.slice(0, 1)), ("b%20c", TABLE.slice(1))):
        (folder / f"group={group}").mkdir(parents=True)
        pq.write_table(rows, folder / f"group={group}/part-0.parquet")
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.crc").write_bytes(b"x")
    manifest = read_manifest(folder)
    assert manifest.table["group"].to_pylist() == ["a", "b c"]
    assert manifest.images() == [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]


def test_a_part_that_alone_has_no_ids_is_named(tmp_path: Path) -> None:
    (tmp_path / "l").mkdir()
    (tmp_path / "l/a.csv").write_text("id,image\na,a.jpg\n")
    (tmp_path / "l/b.csv").write_text("image\nb.jpg\n")
    with pytest.raises(ManifestError, match=r"column .id. is missing in .*b\.csv"):
        read_manifest(tmp_path / "l")


def test_a_pattern_is_one_manifest_each_file_beside_its_images(tmp_path: Path) -> None:
    for name, data in (("x/one.csv", CSV), ("y/two.csv", b"image;id;n\nc.jpg;cleo;1\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(data)
    manifest = read_manifest(tmp_path / "*" / "*.csv")
    assert manifest.images() == [str(tmp_path / f"{name}.jpg") for name in ("x/a", "x/b", "y/c")]
    assert manifest.table.to_pylist()[2] == {"id": "cleo", "image": "c.jpg", "age": None, "n": "1"}
    assert manifest.row(2) == f"{tmp_path / 'y/two.csv'}, row 1"
    (tmp_path / "y/two.csv").write_bytes(b"id,image\nANNA,c.jpg\n")
    with pytest.raises(ManifestError, match=r'two.csv, row 1, .*"ANNA" is in .*one.csv, row 1 already'):
        read_manifest(tmp_path / "*" / "*.csv")


def test_columns_of_one_name_and_different_types_become_text(tmp_path: Path) -> None:
    pq.write_table(TABLE.slice(0, 1).set_column(2, "age", pa.array([31])), tmp_path / "1.parquet")
    pq.write_table(TABLE.slice(1).set_column(2, "age", pa.array([[5]])), tmp_path / "2.parquet")
    assert read_manifest(tmp_path / "?.parquet").table["age"].to_pylist() == ["31", "[5]"]


def test_a_name_with_the_signs_of_a_pattern_is_a_name_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "faces[1].csv").write_bytes(CSV)
    assert len(read_manifest(tmp_path / "faces[1].csv")) == 2


def test_a_folder_of_pictures_and_a_pattern_without_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(ManifestError, match=r'it holds a.jpg.*"manifest build"'):
        read_manifest(tmp_path)
    with pytest.raises(ManifestError, match="no file fits this pattern"):
        read_manifest(tmp_path / "*.csv")


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes(b"id,participant,Path\n1,anna,a.jpg\n2,ben,b.jpg\n")
    table = read_manifest(tmp_path / "l.csv", {"id": "participant", "image": "path"}).table
    assert table.to_pylist()[0] == {"id": "anna", "image": "a.jpg", "manifest_id": "1"}
    with pytest.raises(ManifestError, match='columns.id: there is no column "partcipant".*Did you mean "participant"'):
        read_manifest(tmp_path / "l.csv", {"id": "partcipant", "image": "Path"})


@pytest.mark.parametrize("name", ["l.parquet", "l.arrow", "stream.arrow"])
def test_structs_without_images_inside_are_their_paths(tmp_path: Path, name: str) -> None:
    images = pa.array([{"bytes": None, "path": "a.jpg"}, {"bytes": None, "path": "b.jpg"}])
    table = pa.table({"id": ["anna", "ben"], "image": images})
    assert pa.types.is_null(table.schema.field("image").type.field("bytes").type)
    if name.endswith("parquet"):
        pq.write_table(table, tmp_path / name)
    else:
        make = pa.ipc.new_stream if name.startswith("stream") else pa.ipc.new_file
        with pa.OSFile(str(tmp_path / name), "wb") as sink, make(sink, table.schema) as writer:
            writer.write_table(table)
    assert read_manifest(tmp_path / name).table["image"].to_pylist() == ["a.jpg", "b.jpg"]


def test_structs_of_other_fields_are_no_paths(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["anna"], "image": [{"path": "a.jpg", "width": 9}]}), tmp_path / "l.parquet")
    with pytest.raises(ManifestError, match='column "image" must be text'):
        read_manifest(tmp_path / "l.parquet")


def test_a_parquet_file_whose_pages_have_other_checksums_is_refused(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "l.parquet", compression="none", write_page_checksum=True)
    assert len(read_manifest(tmp_path / "l.parquet")) == 2
    content = (tmp_path / "l.parquet").read_bytes()
    (tmp_path / "l.parquet").write_bytes(content.replace(b"a.jpg", b"c.jpg", 1))
    with pytest.raises(ManifestError, match="not readable: .*checksum"):
        read_manifest(tmp_path / "l.parquet")
