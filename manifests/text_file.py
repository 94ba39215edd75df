"""A text file's bytes as text: unpacked, and in the encoding that they show."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from common.errors import ManifestError
from common.redaction import quote
from manifests.content_kind import START_BYTES, kind_of

CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd", b"BZ": "bz2"}
LARGEST = 8 << 30  # bytes; a small packed file may unfold into more than a machine's memory
PART = 8 << 20
# UTF-32 first: its mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What Western European text in Windows-1252 has beyond ASCII: letters, few in a row, and typographic signs. Cyrillic,
# Greek and Asian encodings have long rows of such bytes; Turkish and Macintosh text has bytes that are not among these.
LETTERS = rb"[\xc0-\xcf\xd1-\xd6\xd8-\xdd\xdf-\xef\xf1-\xf6\xf8-\xfc\xff]"
SIGNS = rb"[\x80\x82\x84\x85\x91-\x94\x96\x97\xa0\xab\xb0\xbb]"
# Possessive, so that no text takes longer than its length.
WESTERN = re.compile(rb"(?:[\x00-\x7f]++|" + LETTERS + rb"{1,2}+(?!" + LETTERS + rb")|" + SIGNS + rb")*+")
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
EXAMPLE = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*")


def unpack(path: Path, data: bytes | None = None) -> bytes:
    """A file's bytes, out of gzip, Zstandard or bzip2 where it is packed, also twice.

    Raises:
        OSError: it cannot be read, is damaged, or unfolds to more than `LARGEST` bytes.
    """
    data = path.read_bytes() if data is None else data
    while kind_of(data[:START_BYTES])[0] == "packed":
        parts, size = [], 0
        with pa.CompressedInputStream(pa.BufferReader(data), CODECS[data[:2]]) as stream:
            while part := stream.read(PART):
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise OSError(f"it unfolds to more than {LARGEST >> 30} GB; split it")
        data = b"".join(parts)
    return data


def decode(data: bytes, where: str, western: bool) -> tuple[str, str]:
    """Bytes as text, and a sentence where the encoding was not certain.

    UTF-8, and UTF-16 and UTF-32 by their mark or their zeros.

    Args:
        data: the bytes.
        where: the file, for messages.
        western: whether to take text that can be Windows-1252 for it, as spreadsheets write it.

    Raises:
        ManifestError: of none of these.
    """
    encoding = _encoding_by_mark(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff"), ""
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if encoding == "utf-8" and western and WESTERN.fullmatch(data):
            text = data.decode("cp1252")
            found = EXAMPLE.search(text)
            example = f", so that line {line:,} has {quote(found[0])}" if found else ""
            return text, (
                f'{where} is not UTF-8 and was read as Windows-1252{example}. If that is wrong, save it as "CSV UTF-8".'
            )
        name = encoding.upper()
        raise ManifestError(
            f"{where}, line {line:,}: expected text in {name}, found the byte 0x{data[error.start]:02x}. "
            'Save it in UTF-8; a spreadsheet calls that "CSV UTF-8".'
        ) from error


def lines_of(text: str) -> Iterator[str]:
    """A text's lines with their own endings: CR, LF or both. Not by `StringIO`, which takes four times the text."""
    return (found[0] for found in LINE.finditer(text))


def _encoding_by_mark(data: bytes) -> str:
    """The encoding by the mark at the start, or by the zeros that Latin letters have in UTF-16."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    start = data[:4096]
    half = len(start) // 2
    if half >= 2 and start[1::2].count(0) > 0.7 * half and start[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if half >= 2 and start[::2].count(0) > 0.7 * half and start[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return "utf-8"
