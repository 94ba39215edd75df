"""Fetch an image's bytes from wherever it is: a path, a URI, the network, a table. Every wait has a limit."""

import stat
from collections.abc import Callable
from pathlib import Path

from common import storage
from common.errors import UnreadableImage
from common.redaction import quote
from common.table_images import is_in_table, read_from_table
from common.timeouts import with_timeout
from stages.media.web_images import is_web_address, read_from_web

# Bytes; what the largest image needs without compression. Some files never end: /dev/zero, a pipe somebody fills.
LARGEST_FILE = 320 << 20


def fetch(uri: str, timeout: float = 60.0) -> bytes:
    """An image's bytes, from a path or a URI that `pyarrow.fs` reads (file://, s3://, gs://).

    Args:
        uri: where it is.
        timeout: seconds; a share that has gone away would block for ever. The blocked thread is left behind: no
            thread can be stopped from outside.

    Raises:
        UnreadableImage: it cannot be read, takes too long, or has more than `LARGEST_FILE` bytes.
    """
    try:
        return with_timeout(lambda: _read(uri), timeout)
    except TimeoutError as error:
        raise UnreadableImage(
            f"image {quote(uri)} did not arrive within {timeout:g} s. Is its file system or server there?"
        ) from error
    except OSError as error:
        raise UnreadableImage(f"image {quote(uri)} cannot be read: {storage.describe_io_error(error)}.") from error


def _read(uri: str) -> bytes:
    if is_in_table(uri):
        return read_from_table(uri, LARGEST_FILE)
    if is_web_address(uri):
        return read_from_web(uri, LARGEST_FILE)
    if not uri or "\0" in uri:
        raise OSError("a path has characters, none of which is NUL")
    if storage.is_uri(uri):
        files, path = storage.filesystem(uri)
        with files.open_input_stream(path) as stream:
            return _whole(stream.read)
    status = Path(uri).stat()
    for test, name in OTHER_THAN_FILES:
        if test(status.st_mode):
            raise OSError(f"it is {name}, not a file")
    if status.st_size > LARGEST_FILE:
        raise OSError(f"it has {status.st_size >> 20:,} MB, more than {LARGEST_FILE >> 20}; save it smaller")
    with Path(uri).open("rb") as file:
        return _whole(file.read)


# A pipe may be one on purpose: then somebody writes to it.
OTHER_THAN_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def _whole(read: Callable[[int], bytes]) -> bytes:
    """All that a stream has, unless that is too much."""
    parts, size = [], 0
    while part := read(4 << 20):
        parts.append(part)
        size += len(part)
        if size > LARGEST_FILE:
            raise OSError(f"it has more than {LARGEST_FILE >> 20} MB; save it smaller")
    return b"".join(parts)
