"""Videos that changed after they were written are found by their bytes, on a disk and in a store."""

import hashlib
from pathlib import Path

import pytest

from pipeline.output.ledger import Ledger
from pipeline.output.verify_videos import VerifiedVideos, remove_videos, verify_videos
from stages.base import Target


@pytest.fixture(params=["disk", "store"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """Four finished videos of three bytes; of the last no hash was recorded."""
    folder = tmp_path / "videos"
    folder.mkdir()
    videos = folder.as_uri() if request.param == "store" else ""
    rows = []
    for id_ in ("anna", "ben", "cleo", "old"):
        (folder / f"{id_}.mp4").write_bytes(b"abc")
        video = f"{videos or 'videos'}/{id_}.mp4"
        digest = None if id_ == "old" else hashlib.sha256(b"abc").hexdigest()
        rows.append({"id": id_, "key": "k", "status": "done", "video": video, "bytes": 3, "sha256": digest})
    with Ledger.open(tmp_path, videos) as written:
        written.append(rows)
    return written


def test_a_video_of_other_bytes_is_found_and_once_removed_its_row_is_unfinished(ledger: Ledger) -> None:
    (ledger.output / "videos/ben.mp4").write_bytes(b"\0\0\0")
    found = verify_videos(ledger)
    assert (found.same, found.changed, found.unknown) == (2, ("ben.mp4",), 1)
    assert Target("ben", "k") in ledger.done()
    remove_videos(ledger, found.changed)
    assert ledger.done() == {Target(id_, "k") for id_ in ("anna", "cleo", "old")}


def test_videos_that_are_gone_or_of_another_size_are_not_called_unchanged(ledger: Ledger) -> None:
    (ledger.output / "videos/anna.mp4").unlink()
    (ledger.output / "videos/ben.mp4").write_bytes(b"ab")
    found = verify_videos(ledger)
    assert (found.same, found.changed, found.unknown, found.lost) == (1, (), 1, ("anna.mp4", "ben.mp4"))
    assert "2 gone or of another size (anna.mp4, ben.mp4)" in found.sentence


def test_a_video_that_cannot_be_read_counts_as_changed(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(place: str, timeout: float) -> str:
        raise OSError("input/output error")

    monkeypatch.setattr("common.storage.sha256", fail)
    assert verify_videos(ledger).changed == ("anna.mp4", "ben.mp4", "cleo.mp4")


def test_where_no_video_is_finished_none_is_called_unchanged() -> None:
    assert VerifiedVideos(0, (), 0).sentence == "no finished videos to verify"
