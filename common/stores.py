"""The stores that URIs name, as `pyarrow.fs` reaches them: a client for a process, none that waits for ever.

A URI carries what its store needs: `s3://KEY:SECRET@bucket/folder?endpoint_override=HOST:PORT&scheme=http&region=R`;
what it leaves out comes from the environment, as the store's own tools have it: AWS_ENDPOINT_URL_S3 or
AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and its fellows.
"""

import os
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import pyarrow.fs

from common.redaction import HARMLESS

SCHEMES = ("s3", "gs", "file", "hdfs", "abfs")
S3_OPTIONS = ("region", "scheme", "endpoint_override", "session_token")
# A server that says nothing is given up on. A process that ends waits as long for a request that still hangs: pyarrow
# breaks down where its requests outlive it, so the client itself must not try again.
CONNECT_SECONDS, REQUEST_SECONDS = 5.0, 15.0
# What passes by itself is tried again, in growing intervals, for so long; then it is an outage.
RETRY_SECONDS, FIRST_PAUSE = 10.0, 0.2


def filesystem(uri: str) -> tuple[Any, str]:
    """The file system that a URI names, made once for each process, and the path in it.

    Raises:
        OSError: there is no such kind of store, or the URI is wrong.
    """
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.scheme not in SCHEMES:
        raise OSError(f"{parts.scheme}:// is none of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    if parts.scheme == "s3":
        user, _, bucket = parts.netloc.rpartition("@")
        if ":" in bucket:
            raise OSError("a bucket's name has no colon: servers go into ?endpoint_override=, and / in a secret is %2F")
        return _s3(**_s3_options(user, bucket, parts.query)), f"{bucket}{path}"
    query = parts.query
    if parts.scheme == "gs" and "retry_limit_seconds" not in query:
        query = f"{query}&retry_limit_seconds={RETRY_SECONDS:g}".lstrip("&")
    files, start = _other(urlunsplit(parts._replace(path="/x", query=query, fragment="")))
    return files, f"{start}{path.strip('/')}".rstrip("/") or "/"


def _s3_options(user: str, bucket: str, query: str) -> dict[str, Any]:
    """What a client of a bucket is made with: as the URI says, and else as the environment does.

    Keys of the environment are handed on by us: left to itself, the client asks the network for them even so. Where
    there are none at all, it looks where Amazon's tools do, in their files and on the machine's own address.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(set(given) - {*HARMLESS, *S3_OPTIONS}):
        raise OSError(f"unknown options in the URI: {', '.join(unknown)}")
    options: dict[str, Any] = {name: given[name] for name in S3_OPTIONS if name in given}
    options["allow_bucket_creation"] = given.get("allow_bucket_creation") == "true"
    server = _environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    if server and "endpoint_override" not in options:
        address = urlsplit(server)
        options |= {"scheme": address.scheme, "endpoint_override": f"{address.netloc}{address.path.rstrip('/')}"}
    if "region" not in options and (region := _environment("AWS_REGION", "AWS_DEFAULT_REGION")):
        options["region"] = region
    if "region" not in options:
        # A server of one's own has no regions, and nobody asked Amazon to be asked.
        options["region"] = "us-east-1" if "endpoint_override" in options else _region(bucket)
    if user:
        key, _, secret = user.partition(":")
        return options | {"access_key": unquote(key), "secret_key": unquote(secret)}
    if (key := _environment("AWS_ACCESS_KEY_ID")) and (secret := _environment("AWS_SECRET_ACCESS_KEY")):
        options |= {"access_key": key, "secret_key": secret}
        if token := _environment("AWS_SESSION_TOKEN"):
            options.setdefault("session_token", token)
    return options


def _environment(*names: str) -> str:
    """The first of some variables that is there and not empty."""
    return next((value for name in names if (value := os.environ.get(name))), "")


@lru_cache(maxsize=64)
def _region(bucket: str) -> str:
    """Where Amazon has a bucket."""
    return pyarrow.fs.resolve_s3_region(bucket)


@lru_cache(maxsize=64)
def _s3(**options: Any) -> pyarrow.fs.S3FileSystem:
    """A client that gives up on servers that hang; `FileSystem.from_uri` makes one that waits for minutes."""
    return pyarrow.fs.S3FileSystem(
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        retry_strategy=pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=1),
        background_writes=False,
        allow_delayed_open=True,  # one request for a small file, and not three
        **options,
    )


@lru_cache(maxsize=64)
def _other(uri: str) -> tuple[Any, str]:
    """The file system of another kind of store, by the URI of "x" in its root, and what comes before "x" in its paths.

    Asked for every image anew, a hundred thousand images would make as many clients.
    """
    files, path = pyarrow.fs.FileSystem.from_uri(uri)
    return files, path.removesuffix("x")
