import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import OutputError
from pipeline.monitor.status import SILENT_SECONDS, describe, read_status
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.output.lock import OutputLock

STARTED = {"job": "smile", "output": "out/smile", "rows": 4, "kept": 0, "workers": "2 workers", "address": "local"}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A folder in which a run has begun: one row is done, one has failed, two are to come."""
    with EventLog(tmp_path / "log.jsonl") as log:
        log.emit("run_started", **STARTED)
        log.emit("phase", phase="videos", state="started", done=0, total=4, seconds=0.0)
        log.emit("row", id="anna", status="done", reason="", message="", frames=60, seconds=2.0)
        log.emit("row", id="dog", status="failed", reason="no_face", message="no face was found", frames=0, seconds=1.0)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/anna.mp4").write_bytes(b"video")
    with Ledger.open(tmp_path) as ledger:
        ledger.append([{"id": "anna", "key": "k", "status": "done", "video": "videos/anna.mp4", "bytes": 5}])
    return tmp_path


def end(output: Path, event: str, **fields: object) -> None:
    with EventLog(output / "log.jsonl") as log:
        log.emit(event, **fields)


def vanished_process() -> int:
    """The number of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_run_that_holds_its_folder_is_running_however_silent(output: Path):
    with OutputLock(output):
        status = read_status(output)
        assert read_status(output, now=status.now + 10 * SILENT_SECONDS).condition == "running"
    assert status.condition == "running"
    assert (status.progress.done, status.progress.failed, status.progress.remaining) == (1, 1, 2)
    assert status.standing == 1


def test_a_status_of_a_run_that_ended_counts_videos_far_from_the_motion(output: Path):
    end(output, "run_finished", done=1, kept=0, failed=1, frames=60, seconds=2.0, exit_code=3, far_from_motion=1)
    said = describe(read_status(output))
    assert "the motion measured in 1 video is far from the one asked for: look at it in the report" in said


def test_a_status_says_how_far_the_run_is_and_what_failed(output: Path):
    with OutputLock(output):
        text = "\n".join(describe(read_status(output)))
    assert "smile: running for" in text
    assert "1 done, 1 failed, 2 to go" in text
    assert "dog (no_face): no face was found" in text
    assert "finished videos: 1 of 4" in text


def test_a_killed_run_is_known_at_once_on_its_own_machine(output: Path):
    (output / ".lock").write_text(f"process {vanished_process()} on {os.uname().nodename}")
    status = read_status(output)
    assert status.condition == "dead"
    assert "same `run` command" in describe(status)[-1]


@pytest.mark.parametrize(("mark", "other"), [(r"boot \S+,", "boot another-start,"), (r"tick \d+", "tick 1")])
def test_another_process_with_the_number_of_a_killed_run_is_not_taken_for_it(output: Path, mark: str, other: str):
    with OutputLock(output):
        held = (output / ".lock").read_text()
        assert read_status(output).condition == "running"
    (output / ".lock").write_text(re.sub(mark, other, held))
    assert read_status(output).condition == "dead"


def test_a_lock_that_does_not_say_when_its_process_began_is_believed(output: Path):
    (output / ".lock").write_text(f"process {os.getpid()} on {os.uname().nodename}")
    assert read_status(output).condition == "running"


def test_videos_in_a_store_are_said_to_stand_there_and_without_its_keys(output: Path):
    with EventLog(output / "log.jsonl") as log:
        log.emit("run_started", **STARTED, videos="s3://KEY:SECRET@bucket/smile")
    assert describe(read_status(output))[-1] == "finished videos: 1 of 4, in s3://***@bucket/smile"


def test_a_folder_given_back_without_an_end_in_the_log_is_no_running_run(output: Path):
    with OutputLock(output):
        pass
    assert read_status(output).condition == "dead"


def test_a_run_on_another_machine_counts_as_dead_only_after_a_long_silence(output: Path):
    (output / ".lock").write_text("process 1 on another-machine")
    now = read_status(output).progress.last
    assert read_status(output, now + 1).condition == "running"
    late = read_status(output, now + SILENT_SECONDS + 1)
    assert late.condition == "silent"
    assert "silent: no sign of life for 1 min 31 s" in describe(late)[0]


def test_a_finished_run_says_so(output: Path):
    end(output, "run_finished", done=3, kept=0, failed=1, frames=180, seconds=8.0, exit_code=3)
    status = read_status(output)
    assert status.condition == "finished"
    text = "\n".join(describe(status))
    assert "after 8.0 s" in text
    assert "to go" not in text


def test_an_interrupted_run_says_how_to_go_on(output: Path):
    end(output, "run_interrupted", done=1, kept=0, failed=1, remaining=2)
    status = read_status(output)
    assert status.condition == "interrupted"
    assert "same `run` command" in describe(status)[-1]


def test_a_run_that_an_error_stopped_says_which_and_that_it_has_to_be_mended(output: Path):
    end(output, "run_interrupted", done=0, kept=0, failed=0, remaining=3, cause="smile.mp4: no face is seen.")
    told = describe(read_status(output))
    assert "stopped by an error" in told[0]
    assert told[-2] == "smile.mp4: no face is seen."
    assert "Fix that" in told[-1]


def test_a_status_says_what_every_worker_is_at_and_when_it_was_last_heard_of(output: Path):
    now = read_status(output).now
    busy = {"stage": "Produce", "node": "n1", "process": 7, "rows": ["ben"], "since": 31.0, "heard": now - 2}
    idle = {"stage": "Prepare", "node": "n1", "process": 8, "rows": [], "since": 0.0, "heard": now - 70}
    written = {"time": now, "workers": [busy, idle]}
    (output / "workers.json").write_text(json.dumps(written))
    with OutputLock(output):
        status = read_status(output, now)
    assert status.in_flight == ("ben",)
    text = "\n".join(describe(status))
    assert "in flight: 1 row, 2 workers" in text
    assert "Produce, process 7 on n1: ben for 31 s; last sign of life 2.0 s ago" in text
    assert "Prepare, process 8 on n1: waiting for rows; last sign of life 1 min 10 s ago" in text
    assert read_status(output, now).workers == (), "a run that is dead has no workers"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"time": 1e12, "workers": [{}]}', '{"time": 1.0, "workers": []}'])
def test_a_list_of_workers_that_says_nothing_does_no_harm(output: Path, content: str):
    (output / "workers.json").write_text(content)
    with OutputLock(output):
        assert read_status(output).workers == ()


def test_a_torn_last_line_is_left_out(output: Path):
    with (output / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"time": 5.0, "event": "run_fin')
    assert read_status(output).progress.done == 1


def test_lines_of_another_kind_do_no_harm(output: Path):
    lines = [
        "",
        "[]",
        "3",
        '{"event": 7}',
        '{"event": "row"}',
        '{"event": "heartbeat", "time": 1.5}',
        '{"event": "row", "time": NaN}',
        "\x00\x01",
    ]
    with (output / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write("\n".join(lines) + "\n")
    assert read_status(output).progress.done == 1


def test_a_video_that_is_cut_short_does_not_stand(output: Path):
    (output / "videos/anna.mp4").write_bytes(b"vid")
    assert read_status(output).standing == 0


def test_a_folder_without_a_run_is_refused_by_name(tmp_path: Path):
    with pytest.raises(OutputError, match="has no log"):
        read_status(tmp_path / "nowhere")
    (tmp_path / "log.jsonl").write_text(json.dumps({"event": "warning", "message": "x", "time": 1.0}) + "\n")
    with pytest.raises(OutputError, match="records no run"):
        read_status(tmp_path)


def test_reading_changes_nothing(output: Path):
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    describe(read_status(output))
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before
