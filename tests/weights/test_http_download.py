"""Fetching from a real server that does what servers do: ranges, cuts, silence, redirects, refusals."""

import json
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.weights.downloads import left, refusal, start, wait_for, wanted
from tests.weights.shelf import CONTENT, OTHER, Shelf, digest
from weights import http_download
from weights.download import download
from weights.store import Stored


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


@pytest.mark.slow
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
    monkeypatch.setattr(http_download, "STALL_SECONDS", 0.3)
    shelf.script = ["silent 100000", *["silent 0"] * 4]
    stored = wanted(tmp_path, f"{shelf.url}/file")
    said = refusal(stored)
    assert "(timed out); 100,000 bytes are kept" in said
    monkeypatch.setattr(http_download, "STALL_SECONDS", 5.0)
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


def test_a_file_larger_than_the_disk_is_not_begun(shelf: Shelf, tmp_path: Path) -> None:
    shelf.claimed = 1 << 60
    said = refusal(wanted(tmp_path, f"{shelf.url}/file"))
    assert "1,152,921,504,606.8 MB are missing" in said and "has room for" in said
    assert left(tmp_path) == []
