"""A real server of one file that does what servers do: ranges, cuts, silence, redirects, refusals."""

import hashlib
import http.server
import threading

CONTENT = bytes(range(256)) * 2000  # 512,000 bytes, none of its 1 kB pages like a page of zeros
OTHER = CONTENT[::-1]


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Shelf(http.server.ThreadingHTTPServer):
    """A server of one file. `script` says what it does with the requests to come; then it behaves.

    | step | what it does |
    |---|---|
    | `cut N` | sends N bytes of the body and closes the connection |
    | `silent N` | sends N bytes and then nothing until the test is over |
    | `hold N` | sends N bytes, and the rest once `go_on` is set |
    | `code N` | answers with that status |
    | `drop` | closes the connection without an answer |
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag = '"first"'
        self.modified = ""
        self.ranges = True
        self.length = True
        self.chunked = False
        self.claimed: int | None = None
        self.kind = "application/octet-stream"
        self.script: list[str] = []
        self.seen: list[tuple[str, str | None, str | None]] = []
        self.go_on = threading.Event()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no matter."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shelf

    def do_GET(self) -> None:
        shelf = self.server
        self.close_connection = True
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        shelf.seen.append((self.path, self.headers["Range"], self.headers["If-Range"]))
        step, _, figure = (shelf.script.pop(0) if shelf.script else "all").partition(" ")
        if step == "drop":
            return
        if step == "code":
            self.send_error(int(figure))
            return
        start = 0
        if shelf.ranges and self.headers["Range"] and self.headers["If-Range"] in (shelf.etag, shelf.modified):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(shelf.content):
                self.send_error(416)
                return
        body = shelf.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(shelf.content) - 1}/{len(shelf.content)}")
        if shelf.etag:
            self.send_header("ETag", shelf.etag)
        if shelf.modified:
            self.send_header("Last-Modified", shelf.modified)
        if shelf.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif shelf.length:
            self.send_header("Content-Length", str(shelf.claimed or len(body)))
        self.send_header("Content-Type", shelf.kind)
        self.end_headers()
        sent = int(figure) if step in ("cut", "silent", "hold") else len(body)
        self.send_body(body[:sent])
        if step == "silent":
            shelf.over.wait(60)
        if step == "hold":
            shelf.go_on.wait(60)
            self.send_body(body[sent:])
        if shelf.chunked and step != "cut":
            self.wfile.write(b"0\r\n\r\n")

    def send_body(self, body: bytes) -> None:
        """In pieces, as a network brings it."""
        for at in range(0, len(body), 50_000):
            piece = body[at : at + 50_000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self.server.chunked else piece)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""
