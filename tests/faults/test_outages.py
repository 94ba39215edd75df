"""What goes away in mid-run, and comes back or does not: the output, room on its disk, the images."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.errors import WorkStopped
from pipeline.cluster.sizing import Node
from pipeline.output.event_log import Event, EventLog
from pipeline.output.ledger import Ledger
from pipeline.run import outages
from pipeline.run.counts import RowCounts
from tests.pipeline.tiny_run import flow, rows_of

COUNT = 24
pytestmark = pytest.mark.slow


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(COUNT):
        (folder / f"f{index:02}.png").write_bytes(bytes([index]))
    return folder


class Run:
    """The tiny flow in this process, with what it said."""

    def __init__(self, output: Path, pictures: Path, nodes: list[Node], patience: float) -> None:
        self.output, self.heard = output, list[Event]()
        self.rows = rows_of(pictures)
        self.counts = RowCounts([None] * self.rows.num_rows)
        self.nodes, self.patience = nodes, patience

    def go(self, seconds: float = 0.2) -> None:
        with Ledger.open(self.output) as ledger, EventLog(self.output / "log.jsonl", [self.heard.append]) as events:
            targets = flow(
                self.output, self.rows, self.counts, ledger, events, self.nodes, seconds, patience=self.patience
            )
            targets.run()

    def after(self, done: int, act: Callable[[], object]) -> threading.Thread:
        """Do something from another thread once so many rows are done."""

        def wait() -> None:
            until = time.monotonic() + 120
            while self.counts.done < done and time.monotonic() < until:
                time.sleep(0.02)
            act()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread

    @property
    def warnings(self) -> list[str]:
        return [event["message"] for event in self.heard if event["event"] == "warning"]

    def whole(self) -> bool:
        """Whether every row has its video, made and kept, and failed for nothing."""
        videos = {path.name for path in (self.output / "videos").glob("*.mp4")}
        return videos == {f"f{index:02}.mp4" for index in range(COUNT)} and self.counts.failed == 0


def test_a_run_waits_for_an_output_that_went_away_and_goes_on(
    tmp_path: Path, pictures: Path, ray_nodes: list[Node]
) -> None:
    run = Run(tmp_path / "out", pictures, ray_nodes, patience=60)
    videos, elsewhere = run.output / "videos", tmp_path / "elsewhere"

    def go_away_and_come_back() -> None:
        videos.rename(elsewhere)
        until = time.monotonic() + 60
        while not run.warnings and time.monotonic() < until:
            time.sleep(0.05)
        elsewhere.rename(videos)

    thread = run.after(4, go_away_and_come_back)
    run.go()
    thread.join()
    assert run.warnings[0].startswith("paused: ") and "videos cannot be written: No such file" in run.warnings[0]
    assert any(message.startswith("resumed after") for message in run.warnings)
    assert run.whole()


def test_a_run_stops_with_a_sentence_when_its_output_stays_away_and_resumes_when_it_is_back(
    tmp_path: Path, pictures: Path, ray_nodes: list[Node]
) -> None:
    run = Run(tmp_path / "out", pictures, ray_nodes, patience=0)
    videos, elsewhere = run.output / "videos", tmp_path / "elsewhere"
    thread = run.after(4, lambda: videos.rename(elsewhere))
    with pytest.raises(WorkStopped, match=r"videos cannot be written: No such file"):
        run.go()
    thread.join()
    elsewhere.rename(videos)
    again = Run(tmp_path / "out", pictures, ray_nodes, patience=0)
    again.go(0.0)
    assert again.counts.kept >= 4
    assert again.whole()


def test_pictures_that_go_away_fail_no_row_and_are_waited_for(
    tmp_path: Path, pictures: Path, ray_nodes: list[Node]
) -> None:
    run = Run(tmp_path / "out", pictures, ray_nodes, patience=60)
    elsewhere = tmp_path / "elsewhere"

    def go_away_and_come_back() -> None:
        pictures.rename(elsewhere)
        until = time.monotonic() + 60
        while not run.warnings and time.monotonic() < until:
            time.sleep(0.05)
        elsewhere.rename(pictures)

    thread = run.after(4, go_away_and_come_back)
    run.go(0.5)
    thread.join()
    assert "images that were there before" in run.warnings[0]
    assert run.whole()


def test_one_picture_that_is_deleted_is_its_own_rows_failure(
    tmp_path: Path, pictures: Path, ray_nodes: list[Node]
) -> None:
    run = Run(tmp_path / "out", pictures, ray_nodes, patience=60)
    run.after(2, (pictures / f"f{COUNT - 1:02}.png").unlink)
    run.go(0.5)
    assert (run.counts.done, run.counts.failed, run.warnings) == (COUNT - 1, 1, [])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 80 MB; making one takes rights that not every account has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_pauses_the_run_until_there_is_room(
    small_disk: Path, pictures: Path, ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "LEAST_FREE", 8 << 20)
    run = Run(small_disk / "out", pictures, ray_nodes, patience=60)
    filler = small_disk / "filler"

    def fill_and_empty() -> None:
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(os.urandom(1 << 16))
                    file.flush()
            except OSError:
                pass
        until = time.monotonic() + 60
        while not run.warnings and time.monotonic() < until:
            time.sleep(0.05)
        filler.unlink()

    thread = run.after(4, fill_and_empty)
    run.go(0.5)
    thread.join()
    assert run.warnings[0].startswith("paused: ") and "No space left on device" in run.warnings[0]
    assert run.whole()
    assert Ledger(run.output).done_rows().num_rows == COUNT
