"""Fetching from a real server that does what servers do: ranges, cuts, silence, redirects, refusals."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import CheckpointError
from tests.weights.shelf import CONTENT, OTHER, Shelf, digest
from weights import download as fetching
from weights.download import download
from weights.registry import Source
from weights.store import Stored, list_models


@pytest.fixture()
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetching, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(fetching, "STALL_SECONDS", 5.0)
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.go_on.set()
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def wanted(folder: Path, url: str, sha256: str = "", size: int | None = None) -> Stored:
    """An entry as the registry would give it."""
    source = Source("url", url)
    return Stored("faces", "generator", folder / "weights/one.pt", "MIT", str(source), source, size, sha256)


def left(folder: Path) -> list[str]:
    """Files in the weights folder, without the empty ones that locks are held on."""
    return sorted(path.name for path in (folder / "weights").iterdir() if not path.name.endswith(".guard"))


def refusal(stored: Stored) -> str:
    with pytest.raises(CheckpointError) as told:
        download(stored)
    return str(told.value)


def test_a_file_is_fetched_once_with_its_progress(shelf: Shelf, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT), len(CONTENT))
    assert download(stored, lambda here, total: told.append((here, total))) == stored.path
    assert stored.path.read_bytes() == CONTENT
    assert left(tmp_path) == ["one.pt"]
    assert told[0] == (0, len(CONTENT)) and told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert download(stored) == stored.path
    assert len(shelf.seen) == 1


def test_a_redirect_is_followed(shelf: Shelf, tmp_path: Path) -> None:
    stored = wanted(tmp_path, f"{shelf.url}/moved", digest(CONTENT))
    shelf.script = ["cut 100000"]
    assert download(stored).read_bytes() == CONTENT
    assert shelf.seen == [("/file", None, None), ("/file", "bytes=100000-", '"first"')]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_connection_goes_on_where_it_stopped(shelf: Shelf, tmp_path: Path, chunked: bool) -> None:
    shelf.chunked = chunked
    shelf.script = ["cut 100000", "cut 200000"]
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT))
    assert download(stored).read_bytes() == CONTENT
    assert [asked for _, asked, _ in shelf.seen] == [None, "bytes=100000-", "bytes=300000-"]


def test_cuts_that_still_bring_something_are_never_too_many(shelf: Shelf, tmp_path: Path) -> None:
    shelf.script = ["cut 50000"] * 10
    assert download(wanted(tmp_path, f"{shelf.url}/file")).read_bytes() == CONTENT
    assert len(shelf.seen) == 11


def test_a_server_without_ranges_begins_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.ranges = False
    shelf.script = ["cut 300000", "cut 100000"]
    assert download(wanted(tmp_path, f"{shelf.url}/file")).read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_cuts_is_given_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.ranges = False
    shelf.script = ["cut 300000"] * 20
    said = refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert "given up after 4 attempts in a row without progress" in said
    assert len(shelf.seen) == 5


def test_an_earlier_process_that_was_killed_is_gone_on_from(shelf: Shelf, tmp_path: Path, repository: Path) -> None:
    shelf.script = ["hold 200000"]
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT))
    part = stored.path.with_name("one.pt.part")
    child = start(repository, tmp_path, shelf.url)
    wait_for(lambda: part.is_file() and part.stat().st_size >= 100_000)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert left(tmp_path) == ["one.pt.part", "one.pt.part.json"]
    had = part.stat().st_size
    assert download(stored).read_bytes() == CONTENT
    assert shelf.seen[1:] == [("/file", f"bytes={had}-", '"first"')]
    assert left(tmp_path) == ["one.pt"]


def unfinished(shelf: Shelf, folder: Path, size: int) -> Stored:
    """A download that stopped after so many bytes, as this module leaves it."""
    stored = wanted(folder, f"{shelf.url}/file")
    shelf.script = [f"cut {size}", *["code 503"] * 4]
    refusal(stored)
    assert stored.path.with_name("one.pt.part").stat().st_size == size
    shelf.seen.clear()
    return stored


def test_a_file_that_changed_in_between_is_not_glued(shelf: Shelf, tmp_path: Path) -> None:
    stored = unfinished(shelf, tmp_path, 100_000)
    shelf.content, shelf.etag = OTHER, '"second"'
    assert download(stored).read_bytes() == OTHER
    assert [asked for _, asked, _ in shelf.seen] == ["bytes=100000-"]  # and the answer was the whole


@pytest.mark.parametrize(("etag", "modified"), [("", "Sun, 01 Nov 2026 10:00:00 GMT"), ('W/"weak"', "")])
def test_only_what_names_the_bytes_exactly_is_gone_on_from(
    shelf: Shelf, tmp_path: Path, etag: str, modified: str
) -> None:
    shelf.etag, shelf.modified = etag, modified
    stored = unfinished(shelf, tmp_path, 100_000)
    assert download(stored).read_bytes() == CONTENT
    assert shelf.seen == [("/file", *(("bytes=100000-", modified) if modified else (None, None)))]


def test_another_address_does_not_go_on_from_this_ones_bytes(shelf: Shelf, tmp_path: Path) -> None:
    unfinished(shelf, tmp_path, 100_000)
    assert download(wanted(tmp_path, f"{shelf.url}/elsewhere")).read_bytes() == CONTENT
    assert shelf.seen == [("/elsewhere", None, None)]


def test_bytes_that_only_lack_their_name_are_not_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    stored = unfinished(shelf, tmp_path, 100_000)
    stored.path.with_name("one.pt.part").write_bytes(CONTENT)
    assert download(stored).read_bytes() == CONTENT
    assert shelf.seen == []


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"url": 3, "total": "x", "validator": 1}'])
def test_notes_that_cannot_be_read_begin_anew(shelf: Shelf, tmp_path: Path, notes: str) -> None:
    stored = unfinished(shelf, tmp_path, 100_000)
    stored.path.with_name("one.pt.part.json").write_text(notes)
    assert download(stored).read_bytes() == CONTENT
    assert [asked for _, asked, _ in shelf.seen] == [None]


def test_more_bytes_than_the_server_has_begin_anew(shelf: Shelf, tmp_path: Path) -> None:
    stored = unfinished(shelf, tmp_path, 100_000)
    notes = stored.path.with_name("one.pt.part.json")
    notes.write_text(json.dumps(json.loads(notes.read_text()) | {"total": None}))
    stored.path.with_name("one.pt.part").write_bytes(CONTENT + b"more")
    assert download(stored).read_bytes() == CONTENT  # 416, then the whole
    assert [asked is None for _, asked, _ in shelf.seen] == [False, True]


def test_a_wrong_hash_is_told_and_nothing_kept(shelf: Shelf, tmp_path: Path) -> None:
    said = refusal(wanted(tmp_path, f"{shelf.url}/file", digest(OTHER)))
    assert f"expected {digest(OTHER)} as published, found {digest(CONTENT)}" in said
    assert left(tmp_path) == []


def test_the_hash_is_of_the_resumed_bytes_too(shelf: Shelf, tmp_path: Path) -> None:
    stored = unfinished(shelf, tmp_path, 100_000)
    stored.path.with_name("one.pt.part").write_bytes(bytes(100_000))
    assert "as published, found" in refusal(wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT)))
    assert left(tmp_path) == []


def test_a_wrong_size_is_told_before_anything_is_fetched(shelf: Shelf, tmp_path: Path) -> None:
    assert "expected 3 bytes as published, found 512,000" in refusal(wanted(tmp_path, f"{shelf.url}/file", size=3))
    assert left(tmp_path) == []


@pytest.mark.parametrize(("code", "said"), [(404, "no such file there (404"), (403, "answers 403")])
def test_what_no_second_attempt_would_change_is_told_at_once(
    shelf: Shelf, tmp_path: Path, code: int, said: str
) -> None:
    shelf.script = [f"code {code}"]
    stored = wanted(tmp_path, f"{shelf.url}/file")
    assert said in (text := refusal(stored))
    assert text.endswith(f"By hand: get {shelf.url}/file, and put it into {tmp_path}/weights as one.pt.")
    assert len(shelf.seen) == 1
    assert left(tmp_path) == []


def test_a_server_in_trouble_is_asked_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.script = ["code 503", "drop", "code 429"]
    assert download(wanted(tmp_path, f"{shelf.url}/file")).read_bytes() == CONTENT


def test_a_server_that_stays_in_trouble_is_given_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.script = ["code 503"] * 9
    said = refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert "given up after 4 attempts in a row without progress (the server answers 503" in said
    assert "nothing is kept. By hand: get" in said
    assert len(shelf.seen) == 4


def test_a_silent_server_is_given_up_and_what_came_is_kept(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "STALL_SECONDS", 0.3)
    shelf.script = ["silent 100000", *["silent 0"] * 4]
    stored = wanted(tmp_path, f"{shelf.url}/file")
    said = refusal(stored)
    assert "(timed out); 100,000 bytes are kept" in said
    monkeypatch.setattr(fetching, "STALL_SECONDS", 5.0)
    assert download(stored).read_bytes() == CONTENT
    assert shelf.seen[-1][1] == "bytes=100000-"


def test_a_slow_server_is_waited_for(shelf: Shelf, tmp_path: Path) -> None:
    shelf.script = ["hold 100000"]
    threading.Timer(0.5, shelf.go_on.set).start()
    assert download(wanted(tmp_path, f"{shelf.url}/file")).read_bytes() == CONTENT
    assert len(shelf.seen) == 1


def test_a_web_page_is_not_taken_for_weights(shelf: Shelf, tmp_path: Path) -> None:
    shelf.kind = "text/html; charset=utf-8"
    assert "a web page came instead of the file" in refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert left(tmp_path) == []


def test_a_file_of_unknown_length_needs_a_size_to_be_told_from_a_cut_one(shelf: Shelf, tmp_path: Path) -> None:
    shelf.length = False
    assert "does not say how long the file is" in refusal(wanted(tmp_path, f"{shelf.url}/file"))
    shelf.script = ["cut 100000"]
    stored = wanted(tmp_path, f"{shelf.url}/file", size=len(CONTENT))
    assert download(stored).read_bytes() == CONTENT


def test_no_network_is_one_sentence_with_the_way_by_hand(shelf: Shelf, tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: connections to it are refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/file"
        said = refusal(wanted(tmp_path, url))
    assert "one.pt: 127.0.0.1 cannot be reached (" in said
    assert said.endswith(f"By hand: get {url}, and put it into {tmp_path}/weights as one.pt.")


def test_a_file_that_is_here_is_held_to_what_is_published(shelf: Shelf, tmp_path: Path) -> None:
    stored = wanted(tmp_path, f"{shelf.url}/file", digest(CONTENT))
    stored.path.parent.mkdir()
    stored.path.write_bytes(OTHER)
    assert f"expected {digest(CONTENT)} as published, found {digest(OTHER)}" in refusal(stored)
    assert "expected 7 bytes as published, found 512,000" in refusal(wanted(tmp_path, shelf.url, size=7))
    assert stored.path.read_bytes() == OTHER
    assert shelf.seen == []


def test_bundled_files_need_no_fetching() -> None:
    bundled = [stored for stored in list_models() if stored.origin is None]
    assert [download(stored) for stored in bundled] == [stored.path for stored in bundled]


def test_a_file_larger_than_the_disk_is_not_begun(shelf: Shelf, tmp_path: Path) -> None:
    shelf.claimed = 1 << 60
    said = refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert "1,152,921,504,606.8 MB are missing" in said and "has room for" in said
    assert left(tmp_path) == []


def test_a_disk_that_fills_up_leaves_nothing_half_written(shelf: Shelf, tmp_path: Path, repository: Path) -> None:
    """A limit on the size of files stands for the full disk: writing stops in the middle in the same way."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    child = start(repository, tmp_path, shelf.url, limit)
    said, _ = child.communicate(timeout=60)
    assert f"one.pt: no room in {tmp_path}/weights (File too large); nothing of it was kept." in said
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "weights").touch()
    assert "weights cannot be written (File exists)" in refusal(wanted(tmp_path, f"{shelf.url}/file"))


@pytest.mark.slow
def test_two_processes_fetch_a_file_once(shelf: Shelf, tmp_path: Path, repository: Path) -> None:
    shelf.script = ["hold 100000"]
    children = [start(repository, tmp_path, shelf.url, "print('begun', flush=True)") for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
    wait_for(lambda: len(shelf.seen) > 0)
    time.sleep(0.3)  # for the second to come to the lock; whether it does changes nothing below
    shelf.go_on.set()
    assert [child.communicate(timeout=60)[0] for child in children] == [f"{tmp_path}/weights/one.pt\n"] * 2
    assert len(shelf.seen) == 1
    assert (tmp_path / "weights/one.pt").read_bytes() == CONTENT


def test_google_drive_without_gdown_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gdown", None)  # as if it were not installed
    said = refusal(on_drive(tmp_path))
    assert 'Install it with pip install "gdown>=6.5"' in said
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


def on_drive(folder: Path, sha256: str = "") -> Stored:
    source = Source("drive", "abc123")
    return Stored("faces", "generator", folder / "weights/one.pt", "MIT", str(source), source, None, sha256)


CHILD = """
import sys
from pathlib import Path
from common.errors import CheckpointError
from weights.download import download as fetch
from weights.registry import Source
from weights.store import Stored
{first}
source = Source("url", sys.argv[1])
try:
    print(fetch(Stored("faces", "generator", Path(sys.argv[2]), "MIT", str(source), source)))
except CheckpointError as error:
    print(error)
"""


def start(repository: Path, folder: Path, url: str, first: str = "") -> subprocess.Popen[str]:
    """Another process that fetches the file of the server into the folder, after a line of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(first=first), f"{url}/file", str(folder / "weights/one.pt")],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: object, seconds: float = 60) -> None:
    """Until something is so."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><title>Sign in</title>", "a web page"),
        (b'{"error": "no"}', "a message in JSON"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_checkpoint_does_not_get_the_name_of_one(
    shelf: Shelf, tmp_path: Path, content: bytes, said: str
) -> None:
    shelf.content = content
    assert f"what came is not a checkpoint, but {said}" in refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert left(tmp_path) == []
