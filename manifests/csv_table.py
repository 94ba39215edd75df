"""CSV as people have it: any of the usual separators, blank lines, columns without a name; every cell as written.

What would lose rows is refused with its row: a quote that never closes, or one that closes rows later.
"""

import csv
import re
import sys
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from common.errors import ManifestError
from common.redaction import cut, quote
from manifests.raw_table import RawTable, named
from manifests.text_file import lines_of

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
SEP_LINE = re.compile(r'\s*"?sep=(.)"?[^\S\t]*(\r\n|\r|\n|$)', re.IGNORECASE)
BATCH = 50_000  # rows
RULE = re.compile(r"\s*:?-{2,}:?\s*")  # what Markdown and databases' shells write below a header
# Around a name, besides white space: what spreadsheets and web pages leave there and nobody sees.
BLANKS = " \t\r\n\v\f\u00a0\u200b\u2060\ufeff"
PICTURE = re.compile(r"\.(jpe?g|jfif|png|webp|avif|heic|tiff?|bmp|gif|jp2)\s*$", re.IGNORECASE)


def read_csv(text: str, where: str, wanted: frozenset[str]) -> RawTable:
    """The rows of a CSV file, all columns text; the first line that is not blank has the names.

    Args:
        text: the file's.
        where: the file, for messages.
        wanted: names of columns, casefolded, by which the separator and the column of images are known.

    Raises:
        ManifestError: no line, a quote that does not close, or a row with another number of cells than the header.
    """
    csv.field_size_limit(sys.maxsize)
    separator, text = _separator(text, wanted)
    rows = _Rows(text, separator, where)
    header = next(rows, None)
    if header is None:
        raise ManifestError(f"{where}: an empty file. Its first line names the columns: id,image.")
    notes: list[str] = []
    while header and header[0].lstrip().startswith("#") and not wanted & {name.strip().casefold() for name in header}:
        notes = [f"{where}: lines before the header that begin with # were left out."]
        header = next(rows, [])
        rows.count = 0
    header = [name.strip(BLANKS) for name in header]
    image = next((at for at, name in enumerate(header) if name.casefold() in wanted - {"id"}), None)
    columns = [_column(parts) for parts in _batches(rows, header, image)] if header else []
    if not columns:
        columns = [pa.table({str(at): pa.array([], pa.string()) for at in range(len(header))})]
    table = pa.concat_tables(columns)
    kept = [at for at, name in enumerate(header) if name or not _blank(table.column(at))]
    names = named([header[at] for at in kept], wanted)
    table = pa.Table.from_arrays([table.column(at) for at in kept], names=names)
    if rows.blank_inside:
        lines = "line" if rows.blank_inside == 1 else "lines"
        notes.append(f"{where}: {rows.blank_inside:,} empty {lines} among the rows left out; rows count without them.")
    return RawTable(table, tuple(notes), decimal_comma=separator == ";")


class _Rows:
    """The rows of a CSV text that are not blank, one by one; `count` are done (the header is not one), at `line`."""

    def __init__(self, text: str, separator: str, where: str) -> None:
        # A blank between separator and quote is common; left there, the quote would be part of the cell.
        blank = bool(re.search(re.escape(separator) + ' +"', text))
        self._reader = csv.reader(lines_of(text), delimiter=separator, strict=True, skipinitialspace=blank)
        self.where, self.separator = where, separator
        self.count, self.line, self.blank_inside, self._blank = -1, 1, 0, 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        while True:
            self.line = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise self._describe_unclosed(error) from error
            if row and (row[0].strip() or any(cell.strip() for cell in row)):
                self.blank_inside += self._blank if self.count >= 0 else 0
                self._blank = 0
                self.count += 1
                return row
            self._blank += 1

    def named(self) -> str:
        """Where the present row is, as the beginning of a sentence."""
        return f"{self.where}, row {self.count:,} (line {self.line:,})"

    def _describe_unclosed(self, error: csv.Error) -> ManifestError:
        self.count += 1
        place = self.named() if self.count else f"{self.where}, header"
        if "end of data" in str(error):
            return ManifestError(f'{place}: a quote (") opens a cell and never closes. Remove it, or write it twice.')
        return ManifestError(
            f'{place}: a quote (") opens a cell, and after the next one, in line {self._reader.line_num:,}, '
            f"{SEPARATORS.get(self.separator, 'a separator')} is missing. Remove the quotes, or write each twice."
        )


def _batches(rows: _Rows, header: list[str], image: int | None) -> Iterator[list[list[str]]]:
    """Rows in portions, each row as wide as the header.

    Raises:
        ManifestError: a row has another number of cells, or a cell that holds other rows.
    """
    width, folded = len(header), [name.casefold() for name in header]
    least = max((at + 1 for at, name in enumerate(header) if name), default=0)
    portion: list[list[str]] = []
    for row in rows:
        if len(row) != width:
            row = _fit_width(row, width, least, rows)
        if rows.count == 1 and not any(cell.strip() and not RULE.fullmatch(cell) for cell in row):
            raise ManifestError(f"{rows.named()}: dashes, as Markdown has them under its header. Remove that line.")
        if row[0].strip(BLANKS).casefold() == folded[0] and [cell.strip(BLANKS).casefold() for cell in row] == folded:
            raise ManifestError(f"{rows.named()}: the header is repeated. Remove that line.")
        if image is not None:
            for cell in row:
                if ("\n" in cell or "\r" in cell) and _holds_rows(cell, rows.separator, image):
                    raise ManifestError(
                        f'{rows.named()}: a quote (") opens a cell that holds the rows after it. Remove the quote, or '
                        "write it twice."
                    )
        portion.append(row)
        if len(portion) == BATCH:
            yield portion
            portion = []
    if portion:
        yield portion


def _fit_width(row: list[str], width: int, least: int, rows: _Rows) -> list[str]:
    """A row of another width than the header's, where only blank cells make the difference."""
    if least <= len(row) < width:
        return row + [""] * (width - len(row))
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width]
    shown = quote(cut(rows.separator.join(row), 80))
    sign = SEPARATORS.get(rows.separator, "the separator")
    mend = (
        f"Put cells that hold {sign} into quotes" if len(row) > width else f"Write {sign} for each cell that is empty"
    )
    raise ManifestError(f"{rows.named()}: expected {width} cells as in the header, found {len(row)}: {shown}. {mend}.")


def _holds_rows(cell: str, separator: str, image: int) -> bool:
    """Whether one of a cell's further lines is a row: it has an image where rows have it."""
    for line in cell.splitlines()[1:]:
        cells = line.split(separator)
        if len(cells) > max(image, 1) and PICTURE.search(cells[image].strip('"')):
            return True
    return False


def _column(rows: list[list[str]]) -> pa.Table:
    return pa.table({str(at): pa.array(cells, pa.string()) for at, cells in enumerate(zip(*rows, strict=True))})


def _blank(column: pa.ChunkedArray) -> bool:
    """Whether no cell holds anything."""
    return not pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py()


def _separator(text: str, wanted: frozenset[str]) -> tuple[str, str]:
    """What stands between cells, and the text without Excel's line that says so.

    Told from the first line that is not blank: the one that gives it the most known names, then the most cells.
    """
    if said := SEP_LINE.match(text):
        return said[1], text[said.end() :]
    header = next((line for line in lines_of(text) if line.strip()), "")

    def fits(separator: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([header], delimiter=separator))
        except (csv.Error, StopIteration):
            return 0, 0
        return sum(cell.strip().casefold() in wanted for cell in cells), len(cells)

    return max(SEPARATORS, key=fits), text
