"""JSON lines, and JSON files that hold a list of objects: one row for each object."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from common.errors import ManifestError
from common.redaction import cut, describe_error, quote
from manifests.raw_table import JSON, RawTable
from manifests.text_file import lines_of

WHOLE = 2**63
# Digits that a float keeps: a number with more is carried as it is written.
FLOAT_DIGITS = 17


def read_json(text: str, where: str) -> RawTable:
    """The rows of a JSON text: an object a line, objects one after another, one list of objects, or one of columns.

    A column of texts, of whole numbers, of numbers or of booleans has that type. Any other is text, its lists and
    objects written as JSON, and has `JSON` in its field's metadata.

    Raises:
        ManifestError: not JSON, or something else than objects where rows should be.
    """
    columns: dict[str, list[Any]] = {}
    count = 0
    for count, item in enumerate(_rows(text, where), start=1):
        for name, value in item.items():
            column = columns.setdefault(name, [])
            column += [None] * (count - 1 - len(column))
            column.append(value)
    if not count:
        raise ManifestError(f"{where}: an empty file. Write one object a line, with id and image.")
    fields, arrays = [], []
    for name, values in columns.items():
        values += [None] * (count - len(values))
        array, written = _array(values)
        if not _is_text(name):
            raise ManifestError(f"{where}: the name of column {cut(ascii(name), 60)} is not text.")
        fields.append(pa.field(name, array.type, metadata=JSON if written else None))
        arrays.append(array)
    return RawTable(pa.Table.from_arrays(arrays, schema=pa.schema(fields)))


def _rows(text: str, where: str) -> Iterator[dict[str, Any]]:
    start = text.lstrip()[:1]
    if start == "[":
        yield from _read_list(_load(text, where), where)
        return
    if start == "{" and (columns := _columns(text)):
        for cells in zip(*columns.values(), strict=True):
            yield dict(zip(columns, cells, strict=True))
        return
    filled = list(islice((line for line in lines_of(text) if line.strip()), 2))
    if start == "{" and not _is_json(filled[0]) and not _is_line(filled[0]):
        yield from _one_after_another(text, where)  # objects over several lines, as people and editors write them
        return
    row = 0
    for number, line in enumerate(lines_of(text), start=1):
        if line.strip():
            row += 1
            item = _load(line, f"{where}, row {row:,} (line {number:,})")
            if len(filled) == 1:
                _refuse_wrapped(item, where)
            yield _object(item, f"{where}, row {row:,}")


def _columns(text: str) -> dict[str, list[Any]]:
    """One object of columns, lists or (as pandas writes them) objects by row number; empty for anything else."""
    try:
        item = DECODER.decode(text.strip())
    except (ValueError, RecursionError):  # objects a line among them: the second is too much
        return {}
    if not isinstance(item, dict) or len(item) < 2 or not {type(value) for value in item.values()} <= {list, dict}:
        return {}
    shapes = {tuple(value) if isinstance(value, dict) else len(value) for value in item.values()}
    if len(shapes) != 1:
        return {}
    return {name: list(value.values()) if isinstance(value, dict) else value for name, value in item.items()}


def _read_list(items: Any, where: str) -> Iterator[dict[str, Any]]:
    for row, item in enumerate(items, start=1):
        yield _object(item, f"{where}, row {row:,}")


def _one_after_another(text: str, where: str) -> Iterator[dict[str, Any]]:
    at, row = 0, 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        row += 1
        try:
            item, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _unreadable(error, text[at:], f"{where}, row {row:,}") from error
        if row == 1 and not text[at:].strip():
            _refuse_wrapped(item, where)
        yield _object(item, f"{where}, row {row:,}")


def _refuse_wrapped(item: Any, where: str) -> None:
    """Refuse a file's only object where it holds the rows and is none, as pandas' `split` and `table` have it."""
    values = list(item.values()) if isinstance(item, dict) else []
    if values and all(isinstance(value, dict | list) for value in values) and list in map(type, values):
        raise ManifestError(
            f"{where}: expected a list of objects, or one object a line, found one object that holds lists "
            f"({', '.join(map(quote, list(item)[:4]))}). Save the rows alone; from pandas with "
            'to_json(orient="records", lines=True).'
        )


def _object(item: Any, place: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ManifestError(
            f'{place}: expected an object such as {{"id": "anna", "image": "anna.jpg"}}, found '
            f"{quote(cut(json.dumps(item, default=str), 60))}."
        )
    return item


def _load(text: str, place: str) -> Any:
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, text, place) from error


def _unreadable(error: ValueError | RecursionError, text: str, place: str) -> ManifestError:
    """Why a text is no JSON, and what helps."""
    if isinstance(error, RecursionError):
        return ManifestError(f"{place}: it is nested too deeply. Write it flatter.")
    line = text.strip()
    if isinstance(error, DoubledName):
        return ManifestError(f"{place}: {quote(error.args[0])} is there twice. Keep one.")
    if line.endswith(",") and _is_json(line[:-1]):
        mend = "it ends in a comma. Write one object a line, without commas between them"
    elif "'" in line and '"' not in line:
        mend = "it has single quotes. JSON has double ones: write it with a JSON library"
    else:
        mend = f"it is not JSON ({describe_error(error)}). Write one object a line"
    return ManifestError(f"{place}: {mend}.")


def _is_json(text: str) -> bool:
    try:
        DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_line(text: str) -> bool:
    """Whether a line that is no JSON was meant as one whole object: it closes what it opens, or is far from short."""
    text = text.strip().rstrip(",")
    return text.endswith("}") or text.count(":") > 1


class DoubledName(ValueError):
    """An object has a name twice: which value is meant, nobody knows."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise DoubledName(next(name for name in names if names.count(name) > 1))
    return made


def _whole(text: str) -> int | str:
    return int(text) if len(text) < 20 else text


def _float(text: str) -> float | str:
    return float(text) if sum(sign.isdigit() for sign in text) <= FLOAT_DIGITS else text


DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_whole, parse_float=_float)


def _array(values: list[Any]) -> tuple[pa.Array, bool]:
    """A column's values in the narrowest type that has them all as they are, and whether that is text out of others."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {str}:
        return pa.array([_text(value) for value in values], pa.string()), False
    if kinds == {bool}:
        return pa.array(values, pa.bool_()), False
    if kinds == {int} and all(value is None or -WHOLE <= value < WHOLE for value in values):
        return pa.array(values, pa.int64()), False
    if kinds <= {int, float} and all(value is None or abs(value) <= 2**53 or type(value) is float for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64()), False
    nested = bool(kinds & {dict, list, bool})
    return pa.array([_text(value) for value in values], pa.string()), nested


def _text(value: Any) -> str | None:
    """A value as text: what is text as it is, all else as JSON. Half characters, which no file can hold, become �."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if _is_text(text) else text.encode("utf-8", "replace").decode()


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
