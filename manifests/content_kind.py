"""What a file is by its first bytes, whatever its name says."""

import re

# In the order in which they are tried: the reader that takes it ("" for none), and what people call it.
KINDS = (
    (rb"PAR1", "parquet", "Parquet"),
    (rb"ARROW1", "arrow", "Arrow"),
    (rb"FEA1", "", "Feather of version 1, which Arrow is about to forget"),
    (rb"\x1f\x8b", "packed", "packed with gzip"),
    (rb"\x28\xb5\x2f\xfd", "packed", "packed with Zstandard"),
    (rb"BZh[1-9]1AY&SY", "packed", "packed with bzip2"),
    (rb"PK\x03\x04|PK\x05\x06", "zip", "a ZIP archive"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook", "a workbook"),
    (rb"\xfd7zXZ\0", "", "packed with xz"),
    (rb"7z\xbc\xaf\x27\x1c", "", "a 7-Zip archive"),
    (rb"Rar!", "", "a RAR archive"),
    (rb".{257}ustar", "", "a tar archive"),
    (rb"%PDF", "", "a PDF"),
    (rb"SQLite format 3\0", "", "an SQLite database"),
    (rb"\x89HDF\r\n", "", "an HDF5 file"),
    (rb"\x93NUMPY", "", "a NumPy array"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", "", "an image"),
    (rb"version https://git-lfs", "", "a pointer of Git LFS, not the file itself"),
    (rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)", "", "a web page"),
    (rb"(\xef\xbb\xbf)?\s*<\?xml", "", "XML"),
)
MENDS = {
    "a pointer of Git LFS, not the file itself": 'Get the file with "git lfs pull"',
    "a web page": "Download the file itself: a sign-in or an error page came in its place",
    "an image": 'Make a manifest of a folder of images with "manifest build"',
}
START_BYTES = 512


def kind_of(start: bytes) -> tuple[str, str]:
    """By a file's first `START_BYTES`: its reader, and what people call it; both are empty where it may be text."""
    for pattern, reader, name in KINDS:
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            return reader, name
    return "", ""


def mend_of(name: str) -> str:
    """What helps with a file that is something else, as a sentence without its full stop."""
    if "archive" in name or "packed" in name:
        return "Unpack it first"
    return MENDS.get(name, "Save the list as Parquet, CSV or JSON lines")
