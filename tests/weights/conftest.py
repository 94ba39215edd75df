"""Fixtures for files of the registry."""

import threading
from collections.abc import Iterator

import pytest

from tests.weights.shelf import Shelf
from weights import http_download


@pytest.fixture()
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(http_download, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(http_download, "STALL_SECONDS", 5.0)
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.go_on.set()
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
