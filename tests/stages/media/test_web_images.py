"""Images of the network, from a server on this machine."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from common.errors import UnreadableImage
from stages.media import web_images
from stages.media.fetch_image import fetch
from stages.media.web_images import read_from_web

MOST = 1 << 20


class Server:
    """Answers by path: a list of (status, headers, body), the last one again and again; and what was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers)))
                answers = server.answers.get(self.path, [(404, {}, b"")])
                status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body)), "Content-Type": "image/png"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(web_images, "PAUSES", (0.01, 0.01))
    for name in ("http_proxy", "HTTP_PROXY", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    web_images._cache.cache_clear()
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()
    web_images._cache.cache_clear()


def test_an_image_is_fetched_once_and_kept(server: Server) -> None:
    server.answers["/a.png"] = [(200, {}, b"picture")]
    assert [fetch(f"{server.address}/a.png") for _ in range(3)] == [b"picture"] * 3
    assert len(server.asked) == 1


def test_what_is_old_in_the_cache_is_fetched_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["/a.png"] = [(200, {}, b"old"), (200, {}, b"new")]
    assert read_from_web(f"{server.address}/a.png", MOST) == b"old"
    later = time.time() + 25 * 3600
    monkeypatch.setattr("stages.media.web_images.time.time", lambda: later)
    assert read_from_web(f"{server.address}/a.png", MOST) == b"new"


def test_a_page_is_not_kept(server: Server) -> None:
    server.answers["/a.png"] = [(200, {"Content-Type": "text/html"}, b"<html>"), (200, {}, b"picture")]
    assert read_from_web(f"{server.address}/a.png", MOST) == b"<html>"
    assert read_from_web(f"{server.address}/a.png", MOST) == b"picture"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(server: Server, status: int) -> None:
    server.answers["/a.png"] = [(status, {}, b""), (200, {}, b"picture")]
    assert read_from_web(f"{server.address}/a.png", MOST) == b"picture"


def test_half_an_image_is_tried_again_and_never_taken(server: Server) -> None:
    server.answers["/a.png"] = [(200, {"Content-Length": "9"}, b"pic"), (200, {}, b"picture")]
    assert read_from_web(f"{server.address}/a.png", MOST) == b"picture"
    server.answers["/b.png"] = [(200, {"Content-Length": "9"}, b"pic")]
    with pytest.raises(OSError, match="3 of 9 bytes came"):
        read_from_web(f"{server.address}/b.png", MOST)


@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [
        ((404, {}, b""), "the server answers 404 Not Found", 1),
        ((403, {}, b""), "the server answers 403 Forbidden", 1),
        ((503, {}, b""), "the server answers 503", 3),
        ((200, {}, b"x" * (MOST + 1)), "more than 1", 1),
    ],
)
def test_a_row_says_why_its_image_did_not_come(
    server: Server, answer: tuple[int, dict[str, str], bytes], said: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.media.fetch_image.LARGEST_FILE", MOST)
    server.answers["/a.png"] = [answer]
    with pytest.raises(UnreadableImage, match=said):
        fetch(f"{server.address}/a.png?token=SECRET".replace("?token=SECRET", ""))
    assert len(server.asked) == asked


def test_a_server_that_is_not_there_is_said(server: Server) -> None:
    with pytest.raises(UnreadableImage, match="127.0.0.1 cannot be reached"):
        fetch("http://127.0.0.1:9/a.png")


def test_blanks_and_accents_are_written_as_an_address_has_them(server: Server) -> None:
    server.answers["/a%20b/%C3%A9.png?x=1"] = [(200, {}, b"picture")]
    assert read_from_web(f"{server.address}/a b/é.png?x=1#top", MOST) == b"picture"


def test_a_password_goes_to_the_first_host_alone(server: Server) -> None:
    server.answers["/a.png"] = [(302, {"Location": f"{server.address}/b.png"}, b"")]
    server.answers["/b.png"] = [(200, {}, b"picture")]
    assert read_from_web(server.address.replace("//", "//anna:pass@") + "/a.png", MOST) == b"picture"
    assert "Authorization" in server.asked[0][1] and "Authorization" not in server.asked[1][1]


def test_a_file_of_the_hub_is_asked_for_where_it_lies(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    server.answers["/datasets/o/n/resolve/main/x/a%20b.png"] = [(200, {}, b"picture")]
    server.answers["/datasets/o/n/resolve/v1/a.png"] = [(200, {}, b"older")]
    assert read_from_web("hf://datasets/o/n/x/a b.png", MOST) == b"picture"
    assert read_from_web("hf://datasets/o/n@v1/a.png", MOST) == b"older"
    with pytest.raises(OSError, match="expected hf://"):
        read_from_web("hf://datasets/o", MOST)


def test_without_a_cache_everything_still_comes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    web_images._cache.cache_clear()
    server.answers["/a.png"] = [(200, {}, b"picture")]
    assert [read_from_web(f"{server.address}/a.png", MOST) for _ in range(2)] == [b"picture"] * 2
    assert len(server.asked) == 2
