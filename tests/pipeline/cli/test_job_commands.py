"""The verbs about a job and its output."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from common.errors import Reason
from pipeline.cli.main import app
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.run.plan import Plan
from pipeline.run.run import RunSummary
from tests.pipeline.cli.command_line import call


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_wrong_field_of_a_job_is_named(verb, monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\nvideo: {frames: 1, fsp: 30}\n")
    assert call(monkeypatch, verb, job) == 2
    said = capsys.readouterr().err
    assert "video.frames" in said
    assert "Did you mean fps?" in said


def test_an_unknown_reason_is_a_users_mistake(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "retry", tmp_path, "--reason", "foo") == 2
    assert capsys.readouterr().err.startswith("--reason: expected one of unreadable_image, no_face")


def test_status_compares_finished_videos_with_their_hashes(monkeypatch, capsys, tmp_path):
    video = tmp_path / "videos/anna.mp4"
    video.parent.mkdir()
    video.write_bytes(b"video")
    done = {"id": "anna", "key": "k", "status": "done", "video": "videos/anna.mp4", "bytes": 5}
    with Ledger.open(tmp_path) as ledger:
        ledger.append([done | {"sha256": hashlib.sha256(b"video").hexdigest()}])
    with EventLog(tmp_path / "log.jsonl") as log:
        log.emit("run_started", job="smile", output=tmp_path, rows=1, kept=0, workers="", address="local")
        log.emit("run_finished", done=1, kept=0, failed=0, frames=60, seconds=4.0, exit_code=0)
    assert call(monkeypatch, "status", tmp_path, "--verify") == 0
    assert "1 video verified, all unchanged" in capsys.readouterr().out
    video.write_bytes(b"other")
    assert call(monkeypatch, "status", tmp_path) == 0
    assert call(monkeypatch, "status", tmp_path, "--verify") == 3
    told = capsys.readouterr().out
    assert "1 video verified, 1 damaged or changed (anna.mp4)" in told and "add --verify" in told
    video.unlink()  # any run makes it again
    assert call(monkeypatch, "status", tmp_path, "--verify") == 3
    told = capsys.readouterr().out
    assert "1 gone" in told and "the same command" in told and "add --verify" not in told


def test_set_reaches_the_job(monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    assert call(monkeypatch, "plan", job, "--set", "video.frames=one") == 2
    assert 'video.frames: expected a whole number, found "one"' in capsys.readouterr().err


def test_a_plan_in_which_something_is_wrong_does_not_say_that_nothing_is(monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    for sound, verdict in ((True, "No problems found."), (False, "Fix the problems above before it runs.")):
        planned = Plan(4, 0, ("space: about 2 TB, 1 GB free: TOO LITTLE",), sound)
        monkeypatch.setattr("pipeline.run.plan.plan_job", lambda spec, clips, planned=planned: planned)
        assert call(monkeypatch, "plan", job) == (0 if sound else 2)
        assert capsys.readouterr().out.splitlines()[-1] == f"{verdict} Nothing was started."


def test_how_to_go_on_is_said_without_the_credentials_that_were_given(monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    stopped = RunSummary(done=1, kept=0, failed=0, frames=9, seconds=1.0, exit_code=130, output=tmp_path)
    monkeypatch.setattr("pipeline.run.run.run_job", lambda *given, **how: stopped)
    assert call(monkeypatch, "run", job, "--set", "videos=s3://KEY:SE/CRET@bucket/out?session_token=T0KEN") == 130
    printed = capsys.readouterr()
    said = printed.out + printed.err
    assert not [secret for secret in ("KEY", "CRET", "T0KEN") if secret in said]
    assert f"run {job} --set 'videos=s3://***@bucket/out?session_token=***' (with the credentials that are hid" in said
    assert call(monkeypatch, "run", job, "--set", "video.frames=9") == 130
    assert f"run {job} --set video.frames=9\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ended", "hint"),
    [
        ({"exit_code": 130, "done": 0, "failed": 2}, "to resume: "),
        ({"exit_code": 130, "done": 1, "failed": 0}, "to resume: "),
        ({"exit_code": 3, "done": 1, "failed": 2}, "when the cause is gone: "),
        ({"exit_code": 0, "done": 1, "failed": 0}, ""),
    ],
)
def test_a_run_ends_with_the_one_hint_that_applies(ended, hint, monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    (tmp_path / "report.html").touch()
    summary = RunSummary(kept=0, frames=0, seconds=1.0, output=tmp_path, **ended)
    monkeypatch.setattr("pipeline.run.run.run_job", lambda *given, **how: summary)
    assert call(monkeypatch, "run", job) == ended["exit_code"]
    said = capsys.readouterr().out
    hints = [line for line in said.splitlines() if line.startswith(("to resume: ", "when the cause is gone: "))]
    assert len(hints) == bool(hint) and all(line.startswith(hint) for line in hints)
    assert ("open " in said) == (ended["done"] > 0), "a report without any video is no place to go to"


def test_a_plan_says_what_it_does_before_it_does_it(monkeypatch, capsys, tmp_path):
    def look(job, clips):
        assert capsys.readouterr().out.startswith("checking ")
        return Plan(1, 0, ())

    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    monkeypatch.setattr("pipeline.run.plan.plan_job", look)
    assert call(monkeypatch, "plan", job) == 0


def test_the_status_of_a_run_is_told(monkeypatch, capsys, tmp_path):
    with EventLog(tmp_path / "log.jsonl") as log:
        log.emit("run_started", job="smile", output=tmp_path, rows=2, kept=0, workers="", address="local")
        log.emit("run_finished", done=2, kept=0, failed=0, frames=120, seconds=4.0, exit_code=0)
    assert call(monkeypatch, "status", tmp_path) == 0
    assert "smile: finished" in capsys.readouterr().out


def test_a_report_is_written_again(monkeypatch, capsys, tmp_path):
    row = {"id": "dog", "status": "failed", "reason": "no_face", "message": "no face was found", "video": ""}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "results.parquet")
    assert call(monkeypatch, "report", tmp_path) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "report.html")
    assert "no_face" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("verb", ["status", "retry", "report"])
def test_a_folder_that_is_no_output_is_refused_by_name(verb, monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, verb, tmp_path) == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "give the output folder of a run" in said


def test_retry_names_the_closed_set_of_reasons():
    shown = CliRunner().invoke(app, ["retry", "--help"], env={"COLUMNS": "400"}).output
    assert all(reason.value in shown for reason in Reason)


def test_extract_wants_a_name_that_says_what_the_file_is(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "extract", tmp_path / "clip.mp4", "--output", tmp_path / "smile.pt") == 2
    assert "expected a name that ends in .safetensors" in capsys.readouterr().err


def test_reasons_in_one_list_are_refused_with_how_to_give_them(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "retry", tmp_path, "--reason", "no_face,timed_out") == 2
    assert capsys.readouterr().err.endswith('found "no_face,timed_out". Repeat --reason for each.\n')
