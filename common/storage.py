"""Files at URIs, through `pyarrow.fs`: every wait bounded, whole under its name or not there.

What a URI carries stands in `common.stores`. The module imports next to nothing of ours, so that every room may use
it.
"""

import hashlib
import io
import os
import posixpath
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit, urlunsplit

import pyarrow.fs

from common.redaction import cut
from common.stores import filesystem
from common.timeouts import with_timeout

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# What stands for itself in the path of a URI, besides letters and digits of any script.
PLAIN = "/._-~+=,"
# What a store's error is called, S3's and Google's, and what that means.
MEANINGS = {
    "NO_SUCH_KEY": "there is no such object",
    "NO_SUCH_BUCKET": "there is no such bucket",
    "NOT_FOUND": "there is no such object",
    "RESOURCE_NOT_FOUND": "there is no such object or bucket",
    "ACCESS_DENIED": "access is denied",
    "PERMISSION_DENIED": "access is denied",
    "UNAUTHENTICATED": "access is denied",
    "INVALID_ACCESS_KEY_ID": "the access key is unknown there",
    "SIGNATURE_DOES_NOT_MATCH": "the secret key is wrong",
    "SLOW_DOWN": "the server asks to slow down",
    "SERVICE_UNAVAILABLE": "the server is not available",
    "UNAVAILABLE": "the server cannot be reached",
    "NETWORK_CONNECTION": "the server cannot be reached",
    "UNKNOWN": "",
}


def is_uri(place: str) -> bool:
    """Whether a place is a URI and not a path; a Windows drive is none."""
    return URI.match(place) is not None


def join_uri(folder: str, name: str) -> str:
    """The URI of a file in a folder at a URI, with the folder's own credentials and options.

    Args:
        folder: the URI.
        name: as a disk would have it: "..", "#" or "%20" in it mean what they mean in a path.
    """
    parts = urlsplit(folder)
    written = "".join(sign if sign.isalnum() or sign in PLAIN else quote(sign) for sign in name)
    path = posixpath.normpath(f"{parts.path.rstrip('/')}/{written}")
    return urlunsplit(parts._replace(path=path))


def parent(uri: str) -> str:
    """The URI of the folder that a file is in, with the file's own credentials and options."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0]))


def strip_credentials(uri: str) -> str:
    """A URI as a result may name it: without credentials and options."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def read_bytes(place: str, timeout: float = 60.0, most: int | None = None) -> bytes:
    """A file's bytes.

    Args:
        place: a path or a URI.
        timeout: seconds. The blocked thread is left behind: no thread can be stopped from outside.
        most: bytes; a larger file is refused.

    Raises:
        TimeoutError: it did not arrive in time.
        OSError: it cannot be read, or is larger.
    """

    def read() -> bytes:
        if is_uri(place):
            files, path = filesystem(place)
            with files.open_input_stream(path) as stream:
                data = stream.read() if most is None else stream.read(most + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(-1 if most is None else most + 1)
        if most is not None and len(data) > most:
            raise OSError(f"it has more than {most:,} bytes")
        return bytes(data)

    return with_timeout(read, timeout)


def sha256(place: str, timeout: float = 600.0) -> str:
    """Hash of a file's bytes, in hex.

    Args:
        place: a path or a URI.
        timeout: seconds. The blocked thread is left behind: no thread can be stopped from outside.

    Raises:
        TimeoutError: it did not arrive in time.
        OSError: it cannot be read.
    """

    def read() -> str:
        files, path = filesystem(place) if is_uri(place) else (pyarrow.fs.LocalFileSystem(), place)
        digest = hashlib.sha256()
        with files.open_input_stream(path) as stream:
            while part := stream.read(4 << 20):
                digest.update(part)
        return digest.hexdigest()

    return with_timeout(read, timeout)


def write_file(local: Path, uri: str, timeout: float = 600.0) -> int:
    """Put a local file at a URI; returns its bytes.

    It is sent under a name of its own, measured, and then renamed: a connection that breaks, or a worker that is
    killed, leaves a stray `.part` and never half a file under the final name.

    Raises:
        OSError: it did not get there whole, or not in time.
    """

    def write() -> int:
        with local.open("rb") as source:
            return _put(source, uri)

    return with_timeout(write, timeout)


def sizes(folder: str, timeout: float = 300.0) -> dict[str, int]:
    """Name -> bytes of the files directly in a folder at a URI, by one listing; none where there is no such folder.

    Raises:
        OSError: the store does not answer, or refuses.
    """

    def look() -> dict[str, int]:
        files, path = filesystem(folder)
        found = files.get_file_info(pyarrow.fs.FileSelector(path, allow_not_found=True))
        return {one.base_name: one.size for one in found if one.is_file}

    return with_timeout(look, timeout)


def find_stale(folder: str, seconds: float, timeout: float = 300.0) -> list[str]:
    """Names of the files directly in a folder at a URI that nobody has written to for so long, by the store's time.

    Raises:
        OSError: the store does not answer, or refuses.
    """

    def look() -> list[str]:
        files, path = filesystem(folder)
        found = files.get_file_info(pyarrow.fs.FileSelector(path, allow_not_found=True))
        before = (time.time() - seconds) * 1e9
        return [one.base_name for one in found if one.is_file and one.mtime_ns is not None and one.mtime_ns <= before]

    return with_timeout(look, timeout)


def remove(uri: str, timeout: float = 60.0) -> None:
    """Remove a file at a URI.

    Raises:
        OSError: it cannot be removed.
    """

    def away() -> None:
        files, path = filesystem(uri)
        files.delete_file(path)

    with_timeout(away, timeout)


def why_not_writable(folder: str, timeout: float = 60.0) -> str:
    """Why no file can be put into a folder at a URI now; empty if one can: one is, as a video is, and removed again."""
    probe = join_uri(folder, f"probe-{uuid.uuid4().hex}.part")

    def write() -> None:
        files, path = filesystem(probe)
        if isinstance(files, pyarrow.fs.LocalFileSystem):
            files.create_dir(posixpath.dirname(path))
        _put(io.BytesIO(b"micromotion"), probe)
        files.delete_file(path)

    try:
        with_timeout(write, timeout)
    except OSError as error:
        return describe_io_error(error)
    return ""


def describe_io_error(error: BaseException) -> str:
    """What went wrong with a store or a disk, in few words, as the end of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    named = re.search(r"(?:AWS Error |Status\()([A-Z_]+)", text)
    if named and MEANINGS.get(named[1]):
        return MEANINGS[named[1]]
    if re.search(r"curlCode: (6|7|28)\b", text):
        return "the server cannot be reached"
    if text.startswith("Path does not exist"):
        return "there is no such object"
    if numbered := re.match(r"Failed to \w+ local file .*\[errno (\d+)\]", text):  # it names the file once more
        return os.strerror(int(numbered[1]))
    lines = text.splitlines() or [type(error).__name__]
    return cut(" ".join(lines[0].split()), 300).rstrip(".")


def _put(source: IO[bytes], uri: str) -> int:
    """Send a file under a name of its own, measure it there, and give it its name; returns its bytes."""
    files, path = filesystem(uri)
    temporary = f"{path}.{uuid.uuid4().hex[:8]}.part"
    with files.open_output_stream(temporary) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    size, arrived = source.tell(), files.get_file_info(temporary).size
    if arrived != size:
        raise OSError(f"{size:,} bytes were sent and {arrived or 0:,} arrived")
    files.move(temporary, path)
    return size
