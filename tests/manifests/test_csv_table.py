"""CSV files as people have them: read as they were meant, or refused with the row and what helps."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ManifestError
from manifests.csv_table import read_csv
from manifests.schema import Manifest, read_manifest

PLAIN = [{"id": "anna", "image": "a.jpg"}, {"id": "ben", "image": "b.jpg"}]


def read(folder: Path, text: str | bytes, name: str = "faces.csv") -> Manifest:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_manifest(folder / name)


def refused(folder: Path, text: str | bytes, name: str = "faces.csv") -> str:
    with pytest.raises(ManifestError) as caught:
        read(folder, text, name)
    message = str(caught.value)
    assert message.startswith(str(folder / name)) and message.endswith(".") and "\n" not in message
    return message


@pytest.mark.parametrize(
    "text",
    [
        "id;image\nanna;a.jpg\nben;b.jpg\n",
        "id\timage\nanna\ta.jpg\nben\tb.jpg\n",
        "id|image\nanna|a.jpg\nben|b.jpg\n",
        "sep=;\nid;image\nanna;a.jpg\nben;b.jpg\n",
        '"sep=|"\r\nid|image\r\nanna|a.jpg\r\nben|b.jpg\r\n',
        "sep=\t\nid\timage\nanna\ta.jpg\nben\tb.jpg\n",
        "ID,Image\nanna,a.jpg\nben,b.jpg\n",
        "id, image\nanna,a.jpg\nben,b.jpg\n",
        ' "id", "image"\nanna, "a.jpg"\nben, "b.jpg"\n',
        "\ufeffid,image\r\nanna,a.jpg\r\nben,b.jpg",
        "id,image\ranna,a.jpg\rben,b.jpg\r",
        "# made by a tool\n# on a day\nid,image\nanna,a.jpg\nben,b.jpg\n",
        "\u200bid,image\u00a0\nanna,a.jpg\nben,b.jpg\n",
        "\n\nid,image\nanna,a.jpg\nben,b.jpg\n",
        "id,image\nanna,a.jpg\nben,b.jpg\n,\n , \n\n   \n",
        "id,image,,\nanna,a.jpg,,\nben,b.jpg,,\n",
        "id,image,,\nanna,a.jpg\nben,b.jpg,\n",
        "id,image\nanna,a.jpg,\nben,b.jpg,,,\n",
        "id,image\n anna , a.jpg\nben,b.jpg  \n",
        'id,image\n"anna","a.jpg"\n"ben","b.jpg"\n',
    ],
)
def test_however_it_is_laid_out_the_rows_are_the_same(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).table.to_pylist() == PLAIN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    manifest = read(tmp_path, "id,image,city\nMüller,été.jpg,Zürich – Höngg\n".encode(encoding))
    assert manifest.table.to_pylist() == [{"id": "Müller", "image": "été.jpg", "city": "Zürich – Höngg"}]
    assert bool(manifest.notes) == (encoding == "cp1252")


def test_what_was_read_as_windows_text_is_shown(tmp_path: Path) -> None:
    assert 'line 3 has "Zürich"' in read(tmp_path, "id,image\na,b\nc,Zürich\n".encode("cp1252")).notes[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("顔写真", "shift-jis"), ("Петров", "cp1251"), ("Müller", "mac-roman"), ("你好世界", "gbk"), ("şaşı", "cp1254")],
)
def test_other_encodings_are_refused_with_what_helps(tmp_path: Path, text: str, encoding: str) -> None:
    message = refused(tmp_path, f"id,image,note\na,a.jpg,x\nb,b.jpg,{text}\n".encode(encoding))
    assert "line 3" in message and "CSV UTF-8" in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('id,image,note\nanna,a.jpg,"5 foot\nben,b.jpg,x\ncleo,c.jpg,y\n', "row 1 (line 2)"),
        ('id,image,note\nben,b.jpg,x\nanna,a.jpg,"5 foot\ncleo,c.jpg,y\n', "row 2 (line 3)"),
        ('id,image,note\nanna,a.jpg,"5 foot\nben,b.jpg,x\ncleo,c.jpg,"6 foot\n', "row 1 (line 2)"),
        ('id,image,note\nanna,a.jpg,"5 foot\nben,b.jpg,6"\ncleo,c.jpg,y\n', "row 1 (line 2)"),
        ('id,image\n"anna,a.jpg\nben,b.jpg"\n', "row 1 (line 2)"),
        ('id;image;note\nanna;a.jpg;"5 foot\nben;b.jpg;6"\n', "row 1 (line 2)"),
        ('id,image,note\nanna,a.jpg,"5" tall"\n', "row 1 (line 2)"),
        ('id,image,"note\nanna,a.jpg,x\n', "header"),
    ],
)
def test_a_stray_quote_never_swallows_rows(tmp_path: Path, text: str, place: str) -> None:
    message = refused(tmp_path, text)
    assert place in message and "quote" in message


@pytest.mark.slow
def test_a_stray_quote_far_down_is_found_with_its_row(tmp_path: Path) -> None:
    rows = [f"p{at},p{at}.jpg," + ('"5 foot' if at == 60_000 else "note") for at in range(120_000)]
    assert "row 60,001 (line 60,002)" in refused(tmp_path, "id,image,note\n" + "\n".join(rows))


def test_quotes_that_are_meant_are_read(tmp_path: Path) -> None:
    text = 'id,image,note\nanna,a.jpg,"Main St. 5,\nflat 2, rear"\nben,b.jpg,5" tall\ncleo,c.jpg,"a ""b"" c"\n'
    notes = read(tmp_path, text).table["note"].to_pylist()
    assert notes == ["Main St. 5,\nflat 2, rear", '5" tall', 'a "b" c']


def test_further_columns_are_carried_as_they_are_written(tmp_path: Path) -> None:
    values = ["007", "01234", "12345678901234567890123", "1E5", "0x1F", "2024-01-31", " x ", "NA", "", "true", "1.10"]
    text = "id,image,v\n" + "".join(f"i{at},a.jpg,{value}\n" for at, value in enumerate(values))
    assert read(tmp_path, text).table["v"].to_pylist() == values


def test_a_column_without_a_name_is_kept_where_it_holds_something(tmp_path: Path) -> None:
    assert read(tmp_path, ",id,image,,\n0,anna,a.jpg,,x\n").table.column_names == [
        "id",
        "image",
        "unnamed",
        "unnamed_2",
    ]


def test_a_column_that_is_carried_may_stand_there_twice(tmp_path: Path) -> None:
    table = read(tmp_path, "id,image,note,note\nanna,a.jpg,x,y\n").table
    assert table.to_pylist() == [{"id": "anna", "image": "a.jpg", "note": "x", "note_2": "y"}]


def test_empty_lines_among_the_rows_are_said(tmp_path: Path) -> None:
    manifest = read(tmp_path, "id,image\nanna,a.jpg\n\n,\nben,b.jpg\n")
    assert manifest.table.to_pylist() == PLAIN
    assert "2 empty lines" in manifest.notes[0]


def test_a_cell_of_megabytes_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, f"id,image,note\na,a.jpg,{'x' * 3_000_000}\n").table["note"][0].as_py() == "x" * 3_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna,faces/a.jpg\nben,faces/b.jpg\n", "The first line is no header"),
        ("name,path\nanna,a.jpg\n", 'Did you mean "name" and "path"?'),
        ("file_name,text\na.jpg,x\n", 'Did you mean "file_name"?'),
        ("id,imgae\nanna,a.jpg\n", 'Did you mean "imgae"?'),
        ("id:image\nanna:a.jpg\n", "separator"),
        ("id,image\nanna,a.jpg,x\n", 'found 3: "anna,a.jpg,x"'),
        ("id,image,note\nanna,a.jpg\n", "expected 3 cells as in the header, found 2"),
        ("id,image,note\nanna,a.jpg\n", "Write a comma for each cell that is empty"),
        ("id;image\nanna;a.jpg;x\n", "Put cells that hold a semicolon into quotes"),
        ("id,image\nanna,a.jpg\nID,Image\nben,b.jpg\n", "row 2 (line 3): the header is repeated"),
        (f"id,image\n{'a' * 300},a.jpg\n", f'for instance "{"a" * 110}"'),
        ("id,image\nanna,a.jpg\nid,image\nben,b.jpg\n", "row 2 (line 3): the header is repeated"),
        ("| id | image |\n|:---|---:|\n| anna | a.jpg |\n", "row 1 (line 2): dashes"),
        ("id | image\n---|---\nanna | a.jpg\n", "row 1 (line 2): dashes"),
        ("Id,ID,image\nanna,b,a.jpg\n", 'may be any of "Id", "ID"'),
        ("id,image\nAnna Smith,a.jpg\n", 'for instance "Anna_Smith"'),
        ("id,image,strength\nanna,a.jpg,50%\n", "write 0.5 for 50 %"),
        ("id,image,strength\nanna,a.jpg,nan\n", 'row 1, column "strength": expected a number, found "nan"'),
        ('id,image,strength\nanna,a.jpg,"0,5"\n', "the decimal sign is a point, 0.5"),
        ("id,image,strength\nanna,a.jpg,strong\n", 'expected a number, found "strong"'),
    ],
)
def test_what_cannot_be_read_says_what_helps(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("−0.5", -0.5),
        ("+1.5", 1.5),
        (" 2 ", 2.0),
        ("NA", None),
        ("NULL", None),
        ("", None),
        ("1e-1", 0.1),
    ],
)
def test_strengths_as_people_and_tools_write_them(tmp_path: Path, text: str, number: float | None) -> None:
    assert read(tmp_path, f"id,image,strength\nanna,a.jpg,{text}\n").table["strength"].to_pylist() == [number]


def test_a_decimal_comma_goes_with_semicolons(tmp_path: Path) -> None:
    table = read(tmp_path, "id;image;strength\nanna;a.jpg;0,5\nben;b.jpg;-1,25\n").table
    assert table["strength"].to_pylist() == [0.5, -1.25]


def test_ids_are_made_of_the_images_names_where_nothing_else_could_be_meant(tmp_path: Path) -> None:
    manifest = read(tmp_path, "image\nfaces/a b.jpg\nfaces/c.jpg\nmore/c.jpg\n")
    assert manifest.table["id"].to_pylist() == ["a_b", "c", "c-2"]
    assert "ids are made" in manifest.notes[0]


@settings(max_examples=200)
@given(st.lists(st.lists(st.text('ab,"; \n', max_size=5), min_size=2, max_size=2), min_size=1, max_size=5))
def test_no_line_is_ever_lost_in_silence(cells: list[list[str]]) -> None:
    """Whatever stands in the lines: each is a row, or within a cell, or blank; or all are refused."""
    text = "\n".join(["id,image", *(",".join(row) for row in cells)])
    try:
        table = read_csv(text, "faces.csv", frozenset({"id", "image"})).table
    except ManifestError:
        return
    within = sum(value.count("\n") for row in table.to_pylist() for value in row.values())
    full = sum(bool(line.replace(",", "").replace('"', "").strip()) for line in text.splitlines()[1:])
    assert table.num_rows + within >= full
