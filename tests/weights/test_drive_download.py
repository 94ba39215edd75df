"""Google Drive, by gdown itself."""

import sys
from pathlib import Path

import pytest

from tests.weights.downloads import left, refusal
from tests.weights.shelf import CONTENT, OTHER, Shelf, digest
from weights.download import download
from weights.registry import Source
from weights.store import Stored


def on_drive(folder: Path, sha256: str = "") -> Stored:
    source = Source("drive", "abc123")
    return Stored("faces", "generator", folder / "weights/one.pt", "MIT", str(source), source, None, sha256)


def test_google_drive_without_gdown_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gdown", None)  # as if it were not installed
    said = refusal(on_drive(tmp_path))
    assert "python -m pip install -c constraints.txt -e '.[fetch]'" in said
    assert "By hand: get Google Drive file abc123 (https://drive.google.com/file/d/abc123/view), and put it" in said


def test_google_drive_is_read_through_gdown(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gdown itself, its requests led to our server; it needs the extra `fetch`."""
    pytest.importorskip("gdown", reason="files on Google Drive need the extra `fetch`")
    import requests

    asked: list[str] = []
    send = requests.Session.get

    def led_here(session: requests.Session, url: str, **options: object) -> requests.Response:
        asked.append(url)
        answer = send(session, f"{shelf.url}/file", **options)  # type: ignore[arg-type]
        answer.headers["Content-Disposition"] = 'attachment; filename="any.pt"'
        return answer

    monkeypatch.setattr(requests.Session, "get", led_here)
    shelf.script = ["cut 100000"]
    told: list[tuple[int, int | None]] = []
    path = download(on_drive(tmp_path, digest(CONTENT)), lambda here, total: told.append((here, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert set(asked) == {"https://drive.google.com/uc?id=abc123"}
    assert left(tmp_path) == ["one.pt"]
    path.unlink()
    assert "as published, found" in refusal(on_drive(tmp_path, digest(OTHER)))
    shelf.script = ["code 404"]
    assert "Google Drive did not give it (404" in refusal(on_drive(tmp_path))
    assert left(tmp_path) == []
