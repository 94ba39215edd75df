"""Where a row's image is: what the column says, as a path or a URI that can be opened, or why nothing can open it."""

import os
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from common import storage
from common.formatting import quotes_hint
from common.redaction import quote
from common.stores import SCHEMES
from common.table_images import PREFIX
from manifests.values import FOUND, known, refuse

WEB = ("http", "https", "hf")
TABLES = tuple(f"{PREFIX}{scheme}" for scheme in SCHEMES)
# What other tools call the stores that are read here.
OTHER_NAMES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs", "azure": "abfs", "webhdfs": "hdfs"}
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
FILE = re.compile(r"file:", re.IGNORECASE)
OTHER_HOST = r"(?i)^file://[^/]"
HERE = r"(?i)^file://localhost/"
# As a data URI, or bare: how JPEG, PNG, WebP and GIF begin in Base64, and more of it than a path is long.
DATA = r"^([dD][aA][tT][aA]:|(/9j/|iVBORw0KGgo|UklGR|R0lGOD)[A-Za-z0-9+/=]{250})"
WINDOWS = re.compile(r"(file:/*)?[A-Za-z]:[\\/]|\\\\", re.IGNORECASE)


def check_places(images: pa.ChunkedArray, where: str) -> None:
    """Refuse rows whose image is at a kind of place that nothing here reads.

    Args:
        images: the column, as text.
        where: the file, for messages.

    Raises:
        ManifestError: a scheme of another store, a file on another machine, an image written out as text.
    """
    at_uri = known(pc.match_substring_regex(images, r"^[A-Za-z][A-Za-z0-9+.-]+://"))
    if pc.any(at_uri).as_py():
        schemes = pc.unique(
            pc.struct_field(pc.extract_regex(images.filter(at_uri), r"^(?P<s>[^:]+):"), "s")
        ).to_pylist()
        for scheme in sorted(set(schemes) - {*SCHEMES, *WEB, *TABLES, "FILE", "File"}):
            wrong = known(pc.starts_with(images, f"{scheme}://"))
            low = scheme.lower()
            better = OTHER_NAMES.get(low, low if low in (*SCHEMES, *WEB) else "")
            readable = ", ".join(f"{one}://" for one in (*SCHEMES, *WEB))
            mend = f"write {better}://" if better else f"readable are paths and {readable}"
            refuse(where, images, wrong, "image", f"{FOUND} is at a {scheme}:// that nothing here reads: {mend}")
    other = pc.and_not(
        known(pc.match_substring_regex(images, OTHER_HOST)), known(pc.match_substring_regex(images, HERE))
    )
    refuse(where, images, other, "image", f"{FOUND} names another machine: a file's URI has three slashes, file:///")
    written_out = known(pc.match_substring_regex(images, DATA))
    refuse(where, images, written_out, "image", f"{FOUND} is an image written out as text: put it into a file")


def image_places(values: Iterable[str], base: str) -> list[str]:
    """Each row's image as an absolute path or a URI.

    Args:
        values: as the column has them.
        base: the folder, or its URI, from which relative paths are meant.
    """
    if storage.is_uri(base):
        return [value if storage.is_uri(value) else storage.join_uri(base, value) for value in values]
    return [_place(value, base) for value in values]


def is_local(place: str) -> bool:
    """Whether a place is a path on this machine's disks and mounts."""
    return not storage.is_uri(place)


def with_its_blanks(value: str, base: str) -> bool:
    """Whether a file's name really has the blanks around it that the column has."""
    return not storage.is_uri(value) and not storage.is_uri(base) and _exists(os.path.join(base, value))  # noqa: PTH118


def why_missing(value: str, place: str) -> str:
    """What keeps a path from being a file here, in a few words, with what helps where that can be seen.

    Args:
        value: as the column has it. place: the path that was looked for.
    """
    if WINDOWS.match(value):
        return "a path of Windows: copy the images here, and write paths relative to the manifest"
    if "\\" in value and _exists(place.replace("\\", "/")):
        return 'is there with "/" in place of "\\": write it so'
    if value.startswith(("~", "$", "%")):
        return f"{quote(value[0])} is not replaced by a folder here: write the whole path"
    if hint := quotes_hint(value):
        return hint.strip().removesuffix(".").replace("The", "the", 1)
    path = Path(place)
    try:
        if path.is_dir():
            return "a folder, not an image"
        if path.exists():
            return "a pipe or a device, not an image's file"
        if not path.parent.is_dir():
            return "its folder is not there"
        names = [name for name in os.listdir(path.parent) if _fold(name) == _fold(path.name)]  # noqa: PTH208
    except OSError as error:
        return f"cannot be looked for: {error.strerror or error}"
    return f"is there as {quote(names[0])}: write it so" if names else "is not there"


def _place(value: str, base: str) -> str:
    if FILE.match(value):
        return local_path(value)
    if SCHEME.match(value):
        return value
    place = os.path.join(base, value)  # noqa: PTH118 (speed)
    if ".." in value:
        folder, name = os.path.split(place)
        place = os.path.join(_without_detours(folder), name)  # noqa: PTH118 (speed)
    return place if value.isascii() else _as_on_disk(place)


@lru_cache(maxsize=4096)
def _without_detours(folder: str) -> str:
    """A folder's path without `..`, as a reader expects it in a message; where it cannot be followed, as it is."""
    try:
        return os.path.realpath(folder)
    except ValueError:  # a NUL
        return folder


def local_path(uri: str) -> str:
    """The path of a `file:` URI in any of its spellings: file:/x, file:///x, file://localhost/x."""
    path = re.sub(r"(?i)^file:(//localhost)?/*", "/", uri)
    return path if "%" in path and _exists(path) else _as_on_disk(unquote(path))


def _as_on_disk(path: str) -> str:
    """A path as the disk spells it: a list made on a Mac has an accent as a sign of its own."""
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, path)
        if other != path and not _exists(path) and _exists(other):
            return other
    return path


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().casefold())


def _exists(path: str) -> bool:
    try:
        return os.path.isfile(path)  # noqa: PTH113 (speed)
    except ValueError:  # a NUL
        return False
