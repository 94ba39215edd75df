import io
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from common.formatting import clean, duration, pace
from pipeline.monitor.display import PLAIN_SECONDS, Display, draw
from pipeline.monitor.progress import LAST_FAILURES, RunProgress, advance, replay
from pipeline.monitor.summary import headline, summary
from pipeline.output.event_log import Event, EventLog

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def started(time: float = 100.0, **fields: object) -> Event:
    defaults = {
        "job": "smile",
        "output": "out/smile",
        "rows": 10,
        "kept": 0,
        "workers": "2 workers",
        "address": "local",
    }
    return {"time": time, "event": "run_started", **defaults, **fields}


def phase(time: float, state: str, done: int, total: int | None = 10, name: str = "videos") -> Event:
    seconds = 0.0 if state == "started" else 1.0
    return {
        "time": time,
        "event": "phase",
        "phase": name,
        "state": state,
        "done": done,
        "total": total,
        "seconds": seconds,
    }


def row(time: float, id: str = "anna", status: str = "done", reason: str = "", message: str = "") -> Event:
    fields = {"id": id, "status": status, "reason": reason, "message": message, "frames": 60, "seconds": 1.0}
    return {"time": time, "event": "row", **fields}


def finished(time: float, **fields: object) -> Event:
    defaults = {"done": 8, "kept": 0, "failed": 2, "frames": 480, "seconds": 16.0, "exit_code": 3}
    return {"time": time, "event": "run_finished", **defaults, **fields}


RUN = [
    started(),
    phase(101, "started", 0, 4, "locate smile"),
    phase(103, "finished", 4, 4, "locate smile"),
    phase(104, "started", 0),
    *(row(105 + index, f"id{index}") for index in range(8)),
    row(113, "dog", "failed", "no_face", "no face was found"),
    row(114, "half", "failed", "unreadable_image", "file ends early"),
    phase(114, "finished", 10),
    finished(116),
]

events = st.lists(
    st.one_of(
        st.builds(started, time=st.floats(0, 1e6), rows=st.integers(0, 50), kept=st.integers(0, 50)),
        st.builds(phase, st.floats(0, 1e6), st.sampled_from(["started", "progress", "finished"]), st.integers(0, 50)),
        st.builds(row, st.floats(0, 1e6), st.text(max_size=5), st.sampled_from(["done", "failed", "kept"])),
        st.just({"event": "run_interrupted"}),
        st.just({"event": "of a later version", "time": 3.0}),
        st.builds(finished, st.floats(0, 1e6)),
    ),
    max_size=30,
)


def plain(told: list[Event]) -> str:
    console = Console(file=io.StringIO(), force_terminal=False, width=80)
    with Display(console) as display:
        for event in told:
            display(event)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_run_counts_what_its_events_say():
    progress = replay(RUN)
    assert (progress.done, progress.failed, progress.kept, progress.remaining) == (8, 2, 0, 0)
    assert progress.reasons == {"no_face": 1, "unreadable_image": 1}
    assert progress.frames == 480
    assert progress.outcome == "finished"
    assert [one.id for one in progress.failures] == ["dog", "half"]


def test_rows_kept_from_before_are_as_announced_until_the_phase_that_passes_them_knows_of_more():
    told = [started(kept=5), phase(101, "started", 0)]
    assert replay(told).kept == 5
    told += [row(102), phase(102, "progress", 4)]
    assert replay(told).kept == 5, "they come last"
    assert replay(told).remaining == 4
    assert replay([*told, phase(103, "progress", 9)]).kept == 8


def test_the_latest_run_into_a_folder_counts():
    progress = replay([*RUN, started(time=200.0, rows=3)])
    assert (progress.rows, progress.done, progress.failed, progress.outcome) == (3, 0, 0, "running")
    assert progress.phases == {}


def test_only_the_last_failures_are_kept_by_name():
    told = [started(rows=100), *(row(101, f"id{index}", "failed", "no_face") for index in range(50))]
    progress = replay(told)
    assert progress.reasons == {"no_face": 50}
    assert [one.id for one in progress.failures] == [f"id{index}" for index in range(50 - LAST_FAILURES, 50)]


def test_time_left_follows_the_pace_of_the_rows_whatever_workers_took_to_start():
    made = [row(at, name) | {"seconds": 4.0} for at, name in ((154, "a"), (158, "b"))]
    progress = replay([started(), phase(100, "started", 0), *made])
    assert progress.time_left(now=158.0) == pytest.approx(8 * 8.0 / 2)
    assert progress.working_seconds(now=158.0) == pytest.approx(8)


def test_rows_that_failed_soon_tell_nothing_of_the_time_left():
    told = [started(), phase(100, "started", 0), row(101, "a", "failed", "unreadable_image")]
    assert replay(told).time_left(now=158.0) is None


@given(events)
def test_no_order_of_events_breaks_the_state(told: list[Event]):
    progress = RunProgress()
    for event in told:
        progress = advance(progress, event)
        assert progress.remaining >= 0
        assert progress.kept >= 0
        left = progress.time_left(progress.last)
        assert left is None or left >= 0
    summary(progress), headline(progress, progress.last)
    console = Console(file=io.StringIO(), width=80)
    console.print(draw(progress, progress.last))


def test_plain_lines_tell_each_phase_and_each_failed_row():
    text = plain(RUN)
    assert "locate smile: started" in text
    assert "locate smile: 4 of 4 in 2.0 s" in text
    assert "failed: dog (no_face): no face was found" in text
    assert "failed: half (unreadable_image): file ends early" in text
    assert "id3" not in text


def test_plain_lines_come_rarely_and_keep_coming():
    told = [started(rows=2000), phase(100, "started", 0, 2000)]
    told += [row(100 + index / 10, f"id{index}") for index in range(1000)]
    lines = [line for line in plain(told).splitlines() if "to go" in line]
    assert 100 / PLAIN_SECONDS - 2 <= len(lines) <= 100 / PLAIN_SECONDS + 1
    assert "about" in lines[-1]


def test_a_heartbeat_alone_makes_a_line_when_one_is_due():
    told = [started(), phase(100, "started", 0), {"time": 100 + PLAIN_SECONDS + 1, "event": "heartbeat"}]
    assert "10 to go" in plain(told)


def test_without_a_terminal_there_are_no_control_characters():
    evil = "\x1b[2J\r\x9b31m bell\x07 [bold]not markup[/bold]"
    text = plain([started(job=evil), row(101, evil, "failed", "no_face", evil), {"event": "warning", "message": evil}])
    assert not CONTROL.search(text)
    assert "[bold]not markup[/bold]" in text


def test_a_foreign_message_cannot_steer_the_live_picture_either():
    evil = "\x1b]0;title\x07[red]anna[/red]"
    told = [started(job=evil), row(101, evil, "failed", "no_face", evil), {"event": "warning", "message": evil}]
    console = Console(file=io.StringIO(), force_terminal=False, width=100)
    console.print(draw(replay(told), 102.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert not CONTROL.search(text)
    assert "[red]anna[/red]" in text


def test_the_live_picture_shows_phases_counts_and_failures():
    console = Console(file=io.StringIO(), width=100)
    console.print(draw(replay(RUN[:-1]), 116.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for shown in ("smile", "locate smile", "4 of 4", "8 done, 2 failed", "dog", "no face was found"):
        assert shown in text


def test_a_live_display_gives_the_terminal_back_also_after_an_error():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with pytest.raises(RuntimeError), Display(console) as display:
        display(started(time=time.time()))
        raise RuntimeError
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1  # the cursor, hidden and shown again


def test_the_last_lines_say_what_was_made_how_fast_and_what_failed():
    assert summary(replay(RUN)) == [
        "8 videos made, in out/smile/videos",
        "16 s in all: preparation 6.0 s, videos 10 s",
        "pace of the videos: 1.2 s a video; 480 frames, 48 frames a second",
        "2 rows failed: 1 no_face, 1 unreadable_image",
    ]


@pytest.mark.parametrize(
    ("far", "sentence"),
    [
        (1, "the motion measured in 1 video is far from the one asked for: look at it in the report"),
        (1200, "the motion measured in 1,200 videos is far from the one asked for: look at them in the report"),
    ],
)
def test_the_last_lines_count_videos_far_from_the_motion(far: int, sentence: str):
    ended = {"event": "run_finished", "time": 120.0, "far_from_motion": far}
    assert summary(replay([*RUN[:-1], ended]))[-1] == sentence


def test_videos_in_a_store_are_said_to_be_there():
    in_store = [started(videos="s3://bucket/smile"), *RUN[1:]]
    assert summary(replay(in_store))[0] == "8 videos made, in s3://bucket/smile"


def test_an_interrupted_run_says_what_is_left():
    told = [*RUN[:7], {"time": 120.0, "event": "run_interrupted", "done": 3, "kept": 0, "failed": 0, "remaining": 7}]
    assert summary(replay(told))[-1] == "interrupted with 7 rows to go"


def test_the_display_listens_to_a_real_log(tmp_path):
    console = Console(file=io.StringIO(), width=80)
    with Display(console) as display, EventLog(tmp_path / "log.jsonl", [display]) as log:
        log.emit("run_started", job="smile", output=tmp_path, rows=1, kept=0, workers="", address="local")
        log.emit("row", id="anna", status="done", reason="", message="", frames=60, seconds=1.0)
    assert display.progress.done == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (9.97, "10 s"),
        (59.6, "1 min 00 s"),
        (72, "1 min 12 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (100 * 3600, "4 d 04 h"),
    ],
)
def test_durations_read_well(seconds: float, said: str):
    assert duration(seconds) == said


@given(st.floats(0, 1e9))
def test_no_duration_has_sixty_seconds_or_minutes(seconds: float):
    assert "60" not in duration(seconds).replace("60 d", "").split(" ", 1)[1]


@given(st.text())
def test_cleaned_text_is_one_printable_line(text: str):
    assert not CONTROL.search(clean(text))
    assert "\n" not in clean(text)
    assert clean(clean(text)) == clean(text)


def test_a_pace_reads_well_at_every_speed():
    assert pace(521, 10, "frame") == "52.1 frames a second"
    assert pace(12040, 10, "frame") == "1,204 frames a second"
    assert pace(6, 94, "video") == "16 s a video"
    assert pace(0, 10, "video") == pace(3, 0, "video") == "-"


def test_a_phase_that_was_not_seen_beginning_says_itself_how_long_it_took():
    assert replay([started(), phase(105, "finished", 10)]).phases["videos"].seconds == 1.0
