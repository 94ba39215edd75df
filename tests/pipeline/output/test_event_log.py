"""The event log: what is told is written, whole lines only, and reads back."""

import json
import os
from pathlib import Path

import numpy as np

from pipeline.output.event_log import Event, EventLog, read_events


def test_events_are_lines_and_listeners_hear_them(tmp_path: Path) -> None:
    heard: list[Event] = []
    with EventLog(tmp_path / "log.jsonl", [heard.append]) as events:
        events.emit("row", id="anna", status="done", frames=np.int64(60), seconds=float("nan"), output=tmp_path)
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert written == heard == read_events(tmp_path / "log.jsonl")
    assert written[0]["frames"] == 60 and written[0]["seconds"] is None and written[0]["output"] == str(tmp_path)


def test_an_event_is_on_disk_before_the_next_one(tmp_path: Path) -> None:
    events = EventLog(tmp_path / "log.jsonl")
    events.emit("warning", message="first")
    assert len(read_events(tmp_path / "log.jsonl")) == 1
    events.close()


def test_what_is_said_before_the_folder_exists_is_written_when_it_does(tmp_path: Path) -> None:
    events = EventLog()
    events.emit("warning", message="early")
    events.open(tmp_path / "out/log.jsonl")
    events.emit("warning", message="late")
    events.close()
    assert [event["message"] for event in read_events(tmp_path / "out/log.jsonl")] == ["early", "late"]


def test_half_a_line_of_a_killed_run_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"event": "row", "id": "a"}\n{"event": "row", "i')
    with EventLog(path) as events:
        events.emit("row", id="b")
    assert [event["id"] for event in read_events(path)] == ["a", "b"]


def test_a_handle_that_never_works_again_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with EventLog(path) as events:
        events.emit("row", id="a")
        break_handle(events)
        path.rename(tmp_path / "away")
        events.emit("row", id="b")
        assert not path.exists(), "under a mount that went away lies another disk"
        (tmp_path / "away").rename(path)
        events.emit("row", id="c")
        break_handle(events)
        events.emit("row", id="d")
    assert [event["id"] for event in read_events(path)] == ["a", "b", "c", "d"]


def break_handle(events: EventLog) -> None:
    """What a mount that goes away does to a file that is open on it."""
    assert events._file is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, events._file.fileno())
    os.close(full)
