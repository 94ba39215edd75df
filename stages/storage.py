"""Files at URIs, through `pyarrow.fs`: every wait bounded, no secret in a message, whole under its name or not there.

A URI carries what its store needs: `s3://KEY:SECRET@bucket/folder?endpoint_override=HOST:PORT&scheme=http&region=R`;
what it leaves out comes from the environment, as the store's own tools have it. The module imports next to nothing
of ours, so that every room may use it.
"""

import os
import re
import shutil
import threading
import uuid
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import pyarrow.fs

from stages.messages import HARMLESS, masked

SCHEMES = ("s3", "gs", "file", "hdfs", "abfs")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
S3_OPTIONS = ("region", "scheme", "endpoint_override")
# A server that says nothing is given up on; several such waits fit into the time that a caller allows.
# A process that ends waits as long for a request that still hangs.
CONNECT_SECONDS, REQUEST_SECONDS, ATTEMPTS = 5.0, 15.0, 3
# What a store's error is called, and what that means.
MEANINGS = {
    "NO_SUCH_KEY": "there is no such object",
    "NO_SUCH_BUCKET": "there is no such bucket",
    "NOT_FOUND": "there is no such object",
    "RESOURCE_NOT_FOUND": "there is no such object or bucket",
    "ACCESS_DENIED": "access is denied",
    "INVALID_ACCESS_KEY_ID": "the access key is unknown there",
    "SIGNATURE_DOES_NOT_MATCH": "the secret key is wrong",
    "SLOW_DOWN": "the server asks to slow down",
    "SERVICE_UNAVAILABLE": "the server is not available",
    "NETWORK_CONNECTION": "the server cannot be reached",
    "UNKNOWN": "",
}

Result = TypeVar("Result")


def is_uri(place: str) -> bool:
    """Whether a place is a URI and not a path; a Windows drive is none."""
    return URI.match(place) is not None


def joined(folder: str, name: str) -> str:
    """The URI of a file in a folder at a URI, with the folder's own credentials and options."""
    parts = urlsplit(folder)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def parent(uri: str) -> str:
    """The URI of the folder that a file is in, with the file's own credentials and options."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0]))


def shown(uri: str) -> str:
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

    return bounded(read, timeout)


def write_file(local: Path, uri: str, timeout: float = 600.0) -> int:
    """Put a local file at a URI; returns its bytes.

    It is sent under a name of its own, measured, and then renamed: a connection that breaks, or a worker that is
    killed, leaves a stray `.part` and never half a file under the final name.

    Raises:
        OSError: it did not get there whole, or not in time.
    """
    size = local.stat().st_size

    def write() -> int:
        files, path = filesystem(uri)
        temporary = f"{path}.{uuid.uuid4().hex[:8]}.part"
        with local.open("rb") as source, files.open_output_stream(temporary) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        arrived = files.get_file_info(temporary).size
        if arrived != size:
            raise OSError(f"{size:,} bytes were sent and {arrived or 0:,} arrived")
        files.move(temporary, path)
        return size

    return bounded(write, timeout)


def sizes(folder: str, timeout: float = 300.0) -> dict[str, int]:
    """Name -> bytes of the files directly in a folder at a URI, by one listing; none where there is no such folder.

    Raises:
        OSError: the store does not answer, or refuses.
    """

    def look() -> dict[str, int]:
        files, path = filesystem(folder)
        found = files.get_file_info(pyarrow.fs.FileSelector(path, allow_not_found=True))
        return {one.base_name: one.size for one in found if one.is_file}

    return bounded(look, timeout)


def remove(uri: str, timeout: float = 60.0) -> None:
    """Remove a file at a URI.

    Raises:
        OSError: it cannot be removed.
    """

    def away() -> None:
        files, path = filesystem(uri)
        files.delete_file(path)

    bounded(away, timeout)


def why_not_writable(folder: str, timeout: float = 60.0) -> str:
    """Why nothing can be written into a folder at a URI now; empty if it can: something is, and is removed again."""
    probe = joined(folder, f"probe-{uuid.uuid4().hex}.part")

    def write() -> None:
        files, path = filesystem(probe)
        if os.path.dirname(path) and probe.startswith("file:"):  # noqa: PTH120 (a path within the store)
            files.create_dir(os.path.dirname(path))  # noqa: PTH120
        with files.open_output_stream(path) as target:
            target.write(b"micromotion")
        files.delete_file(path)

    try:
        bounded(write, timeout)
    except OSError as error:
        return why(error)
    return ""


def why(error: BaseException) -> str:
    """What went wrong with a store or a disk, in few words and without a secret, as the end of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    named = re.search(r"AWS Error ([A-Z_]+)", text)
    if named and MEANINGS.get(named[1]):
        return MEANINGS[named[1]]
    if re.search(r"curlCode: (6|7|28)\b", text):
        return "the server cannot be reached"
    if text.startswith("Path does not exist"):
        return "there is no such object"
    lines = text.splitlines() or [type(error).__name__]
    return masked(" ".join(lines[0].split()))[:300].rstrip(".")


def bounded(work: Callable[[], Result], timeout: float) -> Result:
    """What `work` returns, or its exception; but no longer than `timeout` seconds.

    Raises:
        TimeoutError: it took longer.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed over to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if outcome:
        return outcome[0]
    if failure:
        error = failure[0]
        raise error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}") from error
    raise TimeoutError(f"no answer within {timeout:g} s")


def filesystem(uri: str) -> tuple[Any, str]:
    """The file system that a URI names, made once for each process, and the path in it.

    Raises:
        OSError: there is no such kind of store, or the URI is wrong.
    """
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES:
        raise OSError(f"{parts.scheme}:// is none of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    if parts.scheme == "s3":
        user, _, host = parts.netloc.rpartition("@")
        key, _, secret = user.partition(":")
        files = _s3(unquote(key), unquote(secret), host, parts.query)
        return files, f"{host}{unquote(parts.path)}"
    files, path = pyarrow.fs.FileSystem.from_uri(uri)
    return files, path


@lru_cache(maxsize=64)
def _s3(key: str, secret: str, bucket: str, query: str) -> pyarrow.fs.S3FileSystem:
    """A client that gives up on servers that hang; `FileSystem.from_uri` makes one that waits for minutes."""
    options = dict(parse_qsl(query))
    if unknown := sorted(set(options) - set(HARMLESS)):
        raise OSError(f"unknown options in the URI: {', '.join(unknown)}")
    chosen: dict[str, Any] = {name: options[name] for name in S3_OPTIONS if name in options}
    if "region" not in chosen:
        # A server of one's own has no regions, and nobody asked Amazon to be asked.
        own = "endpoint_override" in chosen or "AWS_ENDPOINT_URL" in os.environ
        chosen["region"] = "us-east-1" if own else pyarrow.fs.resolve_s3_bucket_region(bucket)
    if key:
        chosen |= {"access_key": key, "secret_key": secret}
    return pyarrow.fs.S3FileSystem(
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        retry_strategy=pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        allow_bucket_creation=options.get("allow_bucket_creation") == "true",
        background_writes=False,
        **chosen,
    )
