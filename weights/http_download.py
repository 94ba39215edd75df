"""Getting one file over HTTP, as often as the connection breaks.

An interrupted download goes on where it stopped (RFC 9110: `Range`, with `If-Range` so that a file that changed in
between begins anew instead of being glued together).
"""

import hashlib
import http.client
import json
import re
import shutil
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from common.errors import CheckpointError
from weights.partial_download import ProgressCallback, discard, notes_of, resumable, size_of, validator_of
from weights.store import Stored, sha256

STALL_SECONDS = 30.0
# Between one attempt and the next; an attempt that brought something begins the row anew.
PAUSES = (1.0, 3.0, 9.0)
CHUNK = 1 << 20


class _Cut(Exception):
    """An attempt ended early, and the next may go further."""


class _Unreachable(_Cut):
    """No connection came about."""


def fetch_http(stored: Stored, part: Path, on_progress: ProgressCallback) -> str:
    """Download to `part` over HTTP, going on with what is there.

    Args:
        stored: which file; its origin is a URL.
        part: where the bytes go.
        on_progress: called with the bytes that are here and the bytes in all.

    Returns:
        `sha256:…` of the whole.

    Raises:
        CheckpointError: the server cannot be reached, has no such file, or fails again and again.
        OSError: the disk's.
    """
    assert stored.origin is not None
    url, best, failures, reached = stored.origin.url, size_of(part), 0, False
    while True:
        try:
            return _attempt(url, stored, part, on_progress)
        except _Cut as cut:
            # Only bytes beyond the furthest so far are progress: a server without ranges begins anew each time.
            failures = 0 if size_of(part) > best else failures + 1
            reached = reached or not isinstance(cut, _Unreachable)
            best = max(best, size_of(part))
            if not reached:
                raise CheckpointError(
                    f"{stored.path.name}: {urlsplit(url).hostname} cannot be reached ({cut}). {stored.by_hand}"
                ) from cut
            if failures > len(PAUSES):
                here = size_of(part)
                kept = f"{here:,} bytes are kept, and the same command resumes" if here else "nothing is kept"
                raise CheckpointError(
                    f"{url}: given up after {failures} attempts in a row without progress ({cut}); {kept}. "
                    f"{stored.by_hand}"
                ) from cut
            time.sleep(PAUSES[max(failures - 1, 0)])


def _attempt(url: str, stored: Stored, part: Path, on_progress: ProgressCallback) -> str:
    """One request for what is missing; `sha256:…` of the whole.

    Raises:
        _Cut: it ended early; `part` holds what came.
        CheckpointError: another attempt would not help.
        OSError: the disk's.
    """
    have, total, validator = resumable(part, url)
    if have and have == total:  # stopped between the last byte and the name
        return sha256(part)
    ranged = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
    with _open(Request(url, headers={"User-Agent": "micromotion", **ranged}), stored, part) as response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0
        total = _whole_length(response, have, stored, part)
        missing = (total or have) - have
        if missing > (free := shutil.disk_usage(part.parent).free):
            raise CheckpointError(
                f"{stored.path.name}: {missing / 1e6:,.1f} MB are missing, and {part.parent} has room for "
                f"{free / 1e6:,.1f} MB. Make room, or set $MICROMOTION_WEIGHTS to another folder."
            )
        digest = hashlib.sha256()
        if have:
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
        else:
            part.unlink(missing_ok=True)  # before the notes: never new notes on old bytes
            notes = {"url": url, "validator": validator_of(response), "total": total}
            notes_of(part).write_text(json.dumps(notes), encoding="utf-8")
        with part.open("ab") as file:
            on_progress(have, total)
            for chunk in _chunks(response):
                file.write(chunk)
                digest.update(chunk)
                have += len(chunk)
                on_progress(have, total)
    if total is not None and have < total:
        raise _Cut(f"the connection was cut at {have:,} of {total:,} bytes")
    return f"sha256:{digest.hexdigest()}"


def _open(request: Request, stored: Stored, part: Path) -> Any:
    """An open response (`http.client.HTTPResponse`) to a request, redirects followed."""
    url = request.full_url
    try:
        response = urlopen(request, timeout=STALL_SECONDS)
    except HTTPError as error:
        with error:
            said = f"{error.code} {error.reason}".strip()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                discard(part)
                raise _Cut(f"the server answers {said}") from error
            if error.code in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or error.code >= 500:
                raise _Cut(f"the server answers {said}") from error
            if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise CheckpointError(f"{url}: no such file there ({said}). {stored.by_hand}") from error
            raise CheckpointError(f"{url}: the server answers {said}. {stored.by_hand}") from error
    except URLError as error:
        raise _Unreachable(error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error
    if url.startswith("https:") and not response.url.startswith("https:"):
        response.close()
        raise CheckpointError(f"{url}: leads to {response.url}, which is not encrypted. {stored.by_hand}")
    if response.headers.get_content_type() == "text/html":
        response.close()
        raise CheckpointError(f"{url}: a web page came instead of the file. {stored.by_hand}")
    return response


def _whole_length(response: Any, have: int, stored: Stored, part: Path) -> int | None:
    """Bytes of the whole file as a response states them; None where it is sent in chunks."""
    total: int | None = None
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        served = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
        if served is None or int(served[1]) != have or int(served[2]) != int(served[3]) - 1:
            discard(part)
            raise _Cut("the server sent another range than was asked for")
        total = int(served[3])
    elif response.length is not None:
        total = response.length
    else:
        total = stored.published_size
        # Without chunks the end of the connection counts as the end of the file: a cut would look the same.
        if total is None and not response.chunked:
            raise CheckpointError(f"{response.url}: the server does not say how long the file is. {stored.by_hand}")
    if total is not None and stored.published_size not in (None, total):
        discard(part)
        raise CheckpointError(
            f"{response.url}: expected {stored.published_size:,} bytes as published, found {total:,}. {stored.by_hand}"
        )
    return total


def _chunks(response: Any) -> Iterator[bytes]:
    """A response's bytes as they come in. A server that is silent for STALL_SECONDS is given up."""
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Cut(str(error) or type(error).__name__) from error
        if not chunk:
            return
        yield chunk
