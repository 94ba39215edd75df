"""The demo's figures, read from a run's events."""

from typing import Any

import pytest

from benchmarks.speed.demo import anchor_seconds, busy_share, first_video


def phase(name: str, state: str, done: int, seconds: float, total: int = 64) -> dict[str, Any]:
    return {"event": "phase", "phase": name, "state": state, "done": done, "total": total, "seconds": seconds}


def row(time: float, seconds: float) -> dict[str, Any]:
    return {"event": "row", "time": time, "seconds": seconds}


def test_the_start_of_workers_does_not_count_as_time_of_anchors() -> None:
    events = [
        phase("find", "started", 0, 0.0),
        phase("find", "progress", 16, 20.0),
        phase("find", "finished", 64, 26.0),
        phase("read", "finished", 1, 5.0, total=1),
        phase("videos", "finished", 24, 50.0, total=24),
    ]
    assert anchor_seconds(events) == pytest.approx(8.0)
    assert anchor_seconds([phase("find", "progress", 64, 3.0), phase("find", "finished", 64, 3.0)]) == 3.0


def test_workers_are_busy_for_what_rows_take_of_the_time_between_videos() -> None:
    events = [row(100.0, 9.0), row(102.0, 2.0), row(104.0, 1.0), {"event": "warning", "time": 1.0}]
    assert first_video(events) == 100.0
    assert busy_share(events, 1) == pytest.approx(0.75)
    assert busy_share(events[:1], 1) == 1.0
