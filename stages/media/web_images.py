"""Images of the network, `https://` and `hf://`: bounded, tried again where that may help, kept for a day.

`hf://datasets/OWNER/NAME/PATH` is a file of a data set on Hugging Face's hub ($HF_ENDPOINT and $HF_TOKEN count).
"""

import base64
import hashlib
import http.client
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

SCHEMES = ("http", "https", "hf")
HUB = "https://huggingface.co"
# What stands for itself in an address; a blank or a letter with an accent does not.
PLAIN = "/%:=&?~#+!$,;'@()*[]"
SILENT_SECONDS = 15.0
# Between one attempt and the next; a server that asks for more patience gets it, up to a bound.
PAUSES, MOST_PAUSE = (0.5, 1.0, 2.0), 10.0
PASSING = (408, 425, 429, 500, 502, 503, 504)
KEPT_SECONDS, KEPT_BYTES = 24 * 3600.0, 10 << 30
CHUNK = 1 << 20


def is_web_address(place: str) -> bool:
    """Whether an image's place is on the network."""
    return place.partition("://")[0].lower() in SCHEMES and "://" in place


def read_from_web(address: str, most: int) -> bytes:
    """An image's bytes, from the cache of the last day or from its server.

    Args:
        address: `https://…`, `http://…` or `hf://…`.
        most: bytes; a larger image is refused.

    Raises:
        OSError: the server cannot be reached, has no such file or a larger one, or breaks off again and again.
    """
    url, headers = _request(address)
    kept = _cache_path(url)
    if kept is not None:
        with suppress(OSError):
            if time.time() - kept.stat().st_mtime < KEPT_SECONDS:
                return kept.read_bytes()
    data, keep = _fetch(url, headers, most)
    if kept is not None and keep:
        temporary = kept.with_name(f"{kept.name}.{uuid.uuid4().hex[:8]}.part")
        with suppress(OSError):  # a cache that cannot be written is none
            temporary.write_bytes(data)
            temporary.replace(kept)
    return data


def _request(address: str) -> tuple[str, dict[str, str]]:
    """The URL that is asked for, and what says who asks."""
    headers: dict[str, str] = {}
    scheme, _, rest = address.partition("://")
    if scheme.lower() == "hf":
        kind = rest.split("/")[0] if rest.startswith(("datasets/", "spaces/")) else ""
        names = rest.removeprefix(f"{kind}/").split("/", 2)
        if len(names) < 3:
            raise OSError("expected hf://datasets/OWNER/NAME/PATH")
        owner, name, path = names
        name, _, revision = name.partition("@")
        start = os.environ.get("HF_ENDPOINT", HUB).rstrip("/") + (f"/{kind}" if kind else "")
        if token := os.environ.get("HF_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        return f"{start}/{owner}/{name}/resolve/{quote(revision or 'main', safe='')}/{quote(path)}", headers
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    if at:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(user).encode()).decode()
    host = host if host.isascii() else host.encode("idna").decode()
    url = urlunsplit(parts._replace(scheme=scheme.lower(), netloc=host, fragment=""))
    return quote(url, safe=PLAIN), headers


def _fetch(url: str, headers: Mapping[str, str], most: int) -> tuple[bytes, bool]:
    """A file's bytes, and whether they are worth keeping: a page that asks for a password is not."""
    for pause in (*PAUSES, None):
        try:
            return _attempt(url, headers, most)
        except HTTPError as error:
            if error.code not in PASSING or pause is None:
                raise OSError(f"the server answers {error.code} {error.reason}") from error
            asked = error.headers.get("Retry-After", "")
            pause = min(float(asked), MOST_PAUSE) if asked.isdigit() else pause
        except (URLError, http.client.HTTPException, TimeoutError, ConnectionError, _Cut) as error:
            if pause is None:
                reason = getattr(error, "reason", None) or error
                raise OSError(
                    f"{urlsplit(url).hostname} cannot be reached ({reason or type(error).__name__})"
                ) from error
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _attempt(url: str, headers: Mapping[str, str], most: int) -> tuple[bytes, bool]:
    request = Request(url, headers={"User-Agent": "micromotion", "Accept": "image/*,*/*"})
    for name, value in headers.items():
        request.add_unredirected_header(name, value)  # another host has no business with it
    with urlopen(request, timeout=SILENT_SECONDS) as response:
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > most:
            raise OSError(f"it has {int(length) >> 20:,} MB, more than {most >> 20}; save it smaller")
        parts, size = [], 0
        while part := response.read(CHUNK):
            parts.append(part)
            size += len(part)
            if size > most:
                raise OSError(f"it has more than {most >> 20} MB; save it smaller")
        if length.isdigit() and size < int(length):
            raise _Cut(f"{size:,} of {int(length):,} bytes came")
        return b"".join(parts), not response.headers.get("Content-Type", "").startswith("text/")


class _Cut(Exception):
    """An answer ended before its end."""


def _cache_path(url: str) -> Path | None:
    """Where the cache has a URL's bytes, or would have them; none where there is no cache."""
    folder = _cache()
    return folder / hashlib.sha256(url.encode()).hexdigest() if folder else None


@lru_cache(maxsize=1)
def _cache() -> Path | None:
    """The cache's folder, made and cleared of what is old or too much; once for each process."""
    try:
        start = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(start) / "micromotion" / "images"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(((path.stat(), path) for path in folder.iterdir()), key=lambda one: -one[0].st_mtime)
        size = 0
        for status, path in files:
            size += status.st_size
            if size > KEPT_BYTES or time.time() - status.st_mtime > KEPT_SECONDS:
                path.unlink(missing_ok=True)
        return folder
    except (OSError, RuntimeError):  # nobody's home, or a disk that cannot be written
        return None
