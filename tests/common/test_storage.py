"""Files at URIs: a real S3 server on this machine, and servers that hang, stumble or refuse."""

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.redaction import redact
from common.storage import (
    describe_io_error,
    is_uri,
    join_uri,
    parent,
    read_bytes,
    remove,
    sizes,
    strip_credentials,
    why_not_writable,
    write_file,
)
from common.stores import filesystem
from tests.conftest import ObjectStore

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20)


@given(words, words, words, st.sampled_from(["s3", "gs", "https", "abfs"]))
def test_no_secret_of_a_uri_survives_in_a_text(key: str, secret: str, token: str, scheme: str) -> None:
    key, secret, token = f"K-{key}", f"S-{secret}", f"T-{token}"
    for hidden in (secret, f"{secret[:4]}/{secret[4:]}"):
        text = f'image "{scheme}://{key}:{hidden}@bucket/x.png?X-Signature={token}&region=eu" cannot be read'
        once = redact(text)
        assert not [found for found in (key, hidden, secret[4:] + "@", token) if found in once]
        assert redact(once) == once
    assert token not in redact(f"{scheme}://bucket/x.png?sig={token}&region=eu")
    assert "region=eu" in redact(f"{scheme}://bucket/x.png?sig={token}&region=eu")


@given(st.text().filter(lambda text: ":/" not in text))
def test_a_text_without_uris_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_uri_without_secrets_stays_readable() -> None:
    for uri in ("s3://bucket/faces/anna.png", "s3://b/x?region=us-east-1&scheme=http", "file:///tmp/a:b.png"):
        assert redact(uri) == uri
    assert redact("s3://KEY:SECRET@bucket/x and gs://token@b/y") == "s3://***@bucket/x and gs://***@b/y"


def test_parts_of_uris_keep_what_the_store_needs() -> None:
    folder = "s3://K:S@bucket/faces?region=r"
    assert join_uri(folder, "anna.png") == "s3://K:S@bucket/faces/anna.png?region=r"
    assert join_uri("s3://bucket?region=r", "anna.png") == "s3://bucket/anna.png?region=r"
    assert parent(join_uri(folder, "anna.png")) == folder
    assert strip_credentials(join_uri(folder, "anna.png")) == "s3://bucket/faces/anna.png"
    assert [is_uri(place) for place in ("s3://b", "C://x", "a/b", "/a://b")] == [True, False, False, False]


@pytest.fixture(params=["s3", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder at a URI, on a real object store and on a disk."""
    if request.param == "file":
        (tmp_path / "store").mkdir()
        return f"file://{tmp_path}/store"
    store: ObjectStore = request.getfixturevalue("object_store")
    return join_uri(store.bucket(f"bucket-{abs(hash(str(tmp_path)))}"), "some folder")


def test_what_is_written_comes_back_and_is_listed_with_its_size(folder: str, tmp_path: Path) -> None:
    local = tmp_path / "v.mp4"
    local.write_bytes(bytes(range(256)) * 50_000)
    video = join_uri(folder, "v.mp4")
    assert write_file(local, video) == local.stat().st_size
    assert sizes(folder) == {"v.mp4": local.stat().st_size}
    assert read_bytes(video) == local.read_bytes()
    local.write_bytes(b"anew")
    write_file(local, video)
    assert sizes(folder) == {"v.mp4": 4}
    remove(video)
    assert sizes(folder) == {}
    assert why_not_writable(folder) == ""
    assert sizes(folder) == {}


def test_what_is_too_large_is_refused(folder: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(1000))
    write_file(tmp_path / "large", join_uri(folder, "large"))
    assert len(read_bytes(join_uri(folder, "large"), most=1000)) == 1000
    with pytest.raises(OSError, match="more than 999 bytes"):
        read_bytes(join_uri(folder, "large"), most=999)
    with pytest.raises(OSError, match="more than 999 bytes"):
        read_bytes(str(tmp_path / "large"), most=999)


def test_what_is_wrong_with_a_store_is_said_in_few_words(object_store: ObjectStore) -> None:
    bucket = object_store.bucket("known")
    with pytest.raises(OSError) as missing:
        read_bytes(join_uri(bucket, "no/such.png"))
    assert describe_io_error(missing.value) in ("there is no such object", "there is no such file")
    with pytest.raises(OSError) as missing:
        read_bytes(join_uri(bucket.replace("@known", "@unknown"), "x.png"))
    assert describe_io_error(missing.value).startswith("there is no such")
    assert sizes(join_uri(bucket, "no such folder")) == {}
    assert "no such bucket" in why_not_writable(bucket.replace("@known", "@unknown"))


def test_unknown_stores_and_options_are_refused() -> None:
    for uri, said in (
        ("ftp://host/x", "ftp:// is none of s3://"),
        ("s3://b/x?colour=red", "unknown options.*colour"),
        ("s3://KEY:SEC/RET@bucket/x", "/ in a secret is %2F"),
        ("s3://localhost:9000/bucket/x", "servers go into .endpoint_override="),
        ("s3:///x", "Not a valid bucket name"),
    ):
        with pytest.raises(OSError, match=said):
            read_bytes(uri)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield server


def image_at(server: socket.socket) -> str:
    return f"s3://k:s@bucket/x.png?endpoint_override=127.0.0.1:{server.getsockname()[1]}&scheme=http"


def test_a_server_that_hangs_is_given_up_on_in_time(silent_server: socket.socket, tmp_path: Path) -> None:
    uri = image_at(silent_server)
    (tmp_path / "x").write_bytes(b"x")
    for attempt in (
        lambda: read_bytes(uri, 0.5),
        lambda: write_file(tmp_path / "x", uri, 0.5),
        lambda: sizes(uri, 0.5),
    ):
        with pytest.raises(TimeoutError, match="no answer within 0.5 s"):
            attempt()


@pytest.mark.slow
def test_a_process_ends_quietly_while_a_request_still_hangs(silent_server: socket.socket, repository: Path) -> None:
    code = (
        "import sys\n"
        "from common import storage, stores\n"
        "stores.REQUEST_SECONDS = 2.0\n"
        f"try: storage.read_bytes({image_at(silent_server)!r}, 0.5)\n"
        "except TimeoutError: sys.exit(7)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (7, "")
    silent_server.setblocking(False)
    silent_server.accept()[0].close()
    with pytest.raises(BlockingIOError):  # it waits for the one request, and makes no other after it
        silent_server.accept()


class Stumbling(http.server.BaseHTTPRequestHandler):
    """An S3 server with one image, after two answers that it cannot serve now."""

    asked = 0

    def do_HEAD(self) -> None:
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(b"picture")

    def answer(self, body: bytes) -> None:
        type(self).asked += 1
        well = type(self).asked > 2
        self.send_response(200 if well else 503)
        self.send_header("Content-Length", "7" if well else "0")
        self.end_headers()
        self.wfile.write(body if well else b"")

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_stumbles_is_asked_again() -> None:
    Stumbling.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stumbling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"s3://k:s@bucket/x.png?endpoint_override=127.0.0.1:{server.server_address[1]}&scheme=http"
        try:
            assert read_bytes(uri, 60.0) == b"picture"
        finally:
            server.shutdown()
    assert Stumbling.asked > 2


def test_a_server_that_is_away_for_a_moment_is_waited_for() -> None:
    Stumbling.asked = 2
    away = socket.create_server(("127.0.0.1", 0))
    port = away.getsockname()[1]
    started: list[http.server.HTTPServer] = []

    def start() -> None:
        with away:  # the first connection is closed unanswered; only then is there a server
            away.accept()[0].close()
        started.append(http.server.ThreadingHTTPServer(("127.0.0.1", port), Stumbling))
        started[0].serve_forever()

    threading.Thread(target=start, daemon=True).start()
    try:
        assert read_bytes(f"s3://k:s@b/x.png?endpoint_override=127.0.0.1:{port}&scheme=http", 60.0) == b"picture"
    finally:
        for server in started:
            server.shutdown()
            server.server_close()


@pytest.mark.parametrize(
    "name", ["a b.png", "a#b.png", "a?b.png", "a%20b.png", "ä&ö=ü.png", "a'b@c:d.png", "x/./y.png"]
)
def test_a_file_of_any_name_comes_back(name: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(name.encode())
    (tmp_path / "store" / "x").mkdir(parents=True, exist_ok=True)
    uri = join_uri(folder, name)
    write_file(tmp_path / "local", uri)
    assert read_bytes(uri) == name.encode()
    assert list(sizes(parent(uri))) == [name.rpartition("/")[2]]
    assert join_uri(join_uri(folder, "deeper"), f"../{name}") == uri


def test_what_a_uri_leaves_out_comes_from_the_environment(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = join_uri(object_store.bucket("environment"), "probes")
    assert why_not_writable(write) == ""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", object_store.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", object_store.secret)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        with monkeypatch.context() as only:
            only.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens there
            only.setenv(name, f"http://{object_store.endpoint}/")
            assert why_not_writable("s3://environment/probes") == "", name


def test_one_client_serves_all_files_of_a_bucket() -> None:
    for start in ("s3://k:s@b/{}?region=r", "gs://anonymous@b/{}", "file:///tmp/{}"):
        clients = [filesystem(start.format(f"{index} ä.png")) for index in range(3)]
        assert len({id(files) for files, _ in clients}) == 1
        assert [path.rpartition("/")[2] for _, path in clients] == ["0 ä.png", "1 ä.png", "2 ä.png"]
    assert filesystem("s3://k:s@b/x?region=r")[0] is not filesystem("s3://k:s@b/x?region=q")[0]


def test_what_google_says_is_said_in_few_words() -> None:
    for status, said in (("UNAVAILABLE", "the server cannot be reached"), ("PERMISSION_DENIED", "access is denied")):
        assert (
            describe_io_error(
                OSError(f"google::cloud::Status({status}: Retry policy exhausted, with a last message of …")
            )
            == said
        )
