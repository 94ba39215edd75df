"""A workbook's first sheet, where the optional package python-calamine is installed."""

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from common.errors import ManifestError
from common.install_hints import install_extra
from common.redaction import describe_error, quote
from manifests.raw_table import RawTable, named

MEND = f'Save it as "CSV UTF-8", or install what reads it: {install_extra("workbooks")}'


def read_workbook(path: Path, where: str, own: frozenset[str]) -> RawTable:
    """The first sheet with anything in it, all columns text; its first row that is not empty has the names.

    A whole number is written without a fraction, a date as 2024-01-31, a formula as its last value.

    Raises:
        ManifestError: nothing to read it with, damaged, or without any row.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ModuleNotFoundError:
        raise ManifestError(f"{where}: a workbook. {MEND}.") from None
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            sheets = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=True)) for name in book.sheet_names]
    except PasswordError:
        raise ManifestError(f"{where}: a workbook with a password. Save the list without one.") from None
    except (CalamineError, OSError) as error:
        raise ManifestError(
            f'{where}: not a whole workbook ({describe_error(error)}). Export it again, or save it as "CSV UTF-8".'
        ) from error
    full = [(name, rows) for name, rows in sheets if any(_text(cell).strip() for row in rows for cell in row)]
    if not full:
        raise ManifestError(f"{where}: a workbook without any cell. Its first row names the columns: id, image.")
    sheet, rows = full[0]
    written = ([_text(cell) for cell in row] for row in rows)
    lines = [cells for cells in written if any(cell.strip() for cell in cells)]
    header = [name.strip() for name in lines[0]]
    columns = list(zip(*lines[1:], strict=True)) or [()] * len(header)
    kept = [at for at, name in enumerate(header) if name or any(cell.strip() for cell in columns[at])]
    names = named([header[at] for at in kept], own)
    table = pa.Table.from_arrays([pa.array(columns[at], pa.string()) for at in kept], names=names)
    others = ", ".join(quote(name) for name, _ in full[1:])
    notes = (f"{where}: sheet {quote(sheet)} was read, and not {others}.",) if others else ()
    return RawTable(table, notes)


def _text(cell: Any) -> str:
    """A cell as a person would write it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
