"""Columns of any kind that can mean it as text, numbers and whole numbers; what cannot is refused with its row."""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from common.errors import ManifestError
from common.redaction import cut, one_line, quote

# Where a message shows the value that a row has.
FOUND = "{found}"
WHOLE = "text or a whole number"
NUMERAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^(?i)[+-]?(inf|infinity)$"
# How tools write that there is nothing, besides nothing. Not NaN: in a text it is as likely what a sum went wrong with.
NOTHING = r"(?i)^(na|n/a|null|none)$"
WITH_COMMA = r"^[+-]?[0-9]*,[0-9]+$"
DIGITS = r"^-?[0-9]{1,18}$"
MINUS = "\u2212"
EXACT = 2.0**53


def as_text(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """Text of any kind, and whole numbers of any kind as they are written, without blanks around them.

    Raises:
        ManifestError: of another type, or a number with a fraction; the row where it is one row's fault.
    """
    column = plain(column)
    kind = column.type
    if is_text(kind) or pa.types.is_null(kind) or pa.types.is_integer(kind):
        return pc.utf8_trim_whitespace(column.cast(pa.string()))
    if pa.types.is_decimal(kind):
        refuse(where, column, known(pc.not_equal(pc.round(column), column)), name, f"expected {WHOLE}, found {FOUND}")
        return pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_floating(kind):
        values = column.cast(pa.float64(), safe=False)
        column = pc.if_else(known(pc.is_nan(values)), pa.scalar(None, column.type), column)
        values = column.cast(pa.float64(), safe=False)
        wrong = pc.or_(pc.not_equal(pc.floor(values), values), pc.greater_equal(pc.abs(values), EXACT))
        refuse(where, column, known(wrong), name, f"expected {WHOLE}, found {FOUND}")
        return values.cast(pa.int64()).cast(pa.string())
    if is_binary(kind):  # older writers do not mark text as such
        try:
            return pc.utf8_trim_whitespace(column.cast(pa.string()))
        except pa.ArrowInvalid:
            pass
    if isinstance(kind, pa.UuidType):
        return pa.chunked_array([pa.array([value and str(value) for value in column.to_pylist()], pa.string())])
    raise ManifestError(f'{where}: column "{name}" must be text, found {format_value(kind)}. Store it as text.')


def as_numbers(column: pa.ChunkedArray, name: str, where: str, decimal_comma: bool = False) -> pa.ChunkedArray:
    """Numbers of any kind, and text that is numbers, as float64; null for what is nothing: blank, NA, a number's NaN.

    Args:
        decimal_comma: whether 0,5 is a half.

    Raises:
        ManifestError: of another type, or a row with text that is no number.
    """
    column = plain(column)
    kind = column.type
    if is_text(kind):
        text = pc.replace_substring(pc.utf8_trim_whitespace(column.cast(pa.string())), MINUS, "-")
        text = pc.if_else(known(pc.match_substring_regex(text, NOTHING)), pa.scalar(None, pa.string()), text)
        text = pc.if_else(blank(text), pa.scalar(None, pa.string()), text)
        if decimal_comma:
            comma = known(pc.match_substring_regex(text, WITH_COMMA))
            text = pc.if_else(comma, pc.replace_substring(text, ",", "."), text)
        wrong = known(pc.invert(pc.match_substring_regex(text, NUMERAL)))
        refuse(where, column, wrong, name, f"expected a number, found {FOUND}{_mend(text, wrong)}")
        values = pc.replace_substring_regex(text, r"^\+", "").cast(pa.float64(), safe=False)
    elif any(test(kind) for test in (pa.types.is_null, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)):
        values = column.cast(pa.float64(), safe=False)
    else:
        raise ManifestError(f'{where}: column "{name}" must be a number, found {format_value(kind)}. Store it as one.')
    return pc.if_else(known(pc.is_nan(values)), pa.scalar(None, pa.float64()), values)


def as_finite(column: pa.ChunkedArray, name: str, where: str, decimal_comma: bool = False) -> pa.ChunkedArray:
    """As `as_numbers`, and infinity refused."""
    values = as_numbers(column, name, where, decimal_comma)
    wrong = known(pc.invert(pc.is_finite(values)))
    refuse(where, column, wrong, name, f"expected a finite number, found {FOUND}")
    return values


def as_whole(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """Whole numbers of any kind as int64; also as floats, which many tools write for columns with gaps."""
    column = plain(column)
    if pa.types.is_signed_integer(column.type):
        return column.cast(pa.int64())
    if is_text(column.type):  # digit by digit: a float forgets those beyond 2^53
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
        if pc.all(known(pc.or_kleene(blank(text), pc.match_substring_regex(text, DIGITS)))).as_py():
            return pc.if_else(blank(text), pa.scalar(None, pa.string()), text).cast(pa.int64())
    values = as_numbers(column, name, where)
    wrong = pc.or_(pc.not_equal(pc.floor(values), values), pc.greater_equal(pc.abs(values), EXACT))
    wrong = pc.or_(wrong, pc.invert(pc.is_finite(values)))
    refuse(where, column, known(wrong), name, f"expected a whole number below 2^53, found {FOUND}")
    return values.cast(pa.int64())


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without dictionaries and run lengths around its values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return plain(pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], kind.value_type))
    return column


def is_text(kind: pa.DataType) -> bool:
    """Whether a column's values are text of any length."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_binary(kind: pa.DataType) -> bool:
    """Whether a column's values are bytes of any length."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a text is null, empty, or white space alone."""
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)


def known(mask: pa.ChunkedArray) -> pa.ChunkedArray:
    """A mask with null, where there was no value to judge, as false."""
    return pc.fill_null(mask, False)


def refuse(where: str, column: pa.ChunkedArray, wrong: Any, name: str, fault: str) -> None:
    """Raise for the first row that is wrong, with its value in the place of FOUND, and say how many more there are."""
    count = pc.sum(wrong).as_py() or 0
    if not count:
        return
    row = pc.index(wrong, True).as_py()
    value = column[row].as_py()
    fault = fault.replace(FOUND, "nothing" if value is None or value == "" else format_value(value))
    more = "" if count == 1 else f" The same is wrong in {count - 1:,} more row{'s' if count > 2 else ''}."
    raise ManifestError(f'{where}, row {row + 1:,}, column "{name}": {fault}.{more}')


def format_value(value: object) -> str:
    """A value for a message: quoted if it is text, without control characters, not too long."""
    text = value if isinstance(value, str) else str(value)
    text = cut(text, 60)
    return quote(text) if isinstance(value, str) else one_line(text)


def _mend(text: pa.ChunkedArray, wrong: pa.ChunkedArray) -> str:
    """What a person may have meant by the first text that is no number, as the end of a sentence."""
    at = pc.index(wrong, True).as_py()
    value = text[at].as_py() if at >= 0 else ""
    if re.fullmatch(r"[+-]?[0-9.]+\s*%", value):
        share = value.rstrip("% ")
        return f": write {float(share) / 100:g} for {share} %" if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", share) else ""
    if re.fullmatch(r"[+-]?[0-9]*,[0-9]+", value):
        return f": the decimal sign is a point, {value.replace(',', '.')}"
    if value.casefold() == "nan":
        return ": leave the cell empty where nothing is meant"
    return ""
