import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from common.errors import EngineDied, JobError, Reason, WorkStopped
from pipeline.cli import commands
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.run.plan import Plan
from pipeline.run.run import RunSummary
from stages.motion.micromotion import load_micromotion

VERBS = ("run", "plan", "status", "retry", "report", "extract")
VERBS_OF_ROOMS = (
    ("manifest", "build"),
    ("manifest", "check"),
    *(("weights", verb) for verb in ("list", "fetch", "verify", "import")),
)
HEAVY = ("torch", "ray", "pyarrow", "cv2", "numpy", "pydantic", "yaml", "jinja2")


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object, watched: bool = False) -> int:
    """Run the command line as the door does; the exit code."""
    monkeypatch.setattr(sys, "argv", ["run_batch.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        commands.run_app(watched)
    return int(ended.value.code or 0)


def pictures(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return folder


@pytest.mark.parametrize("verb", [(), *((verb,) for verb in VERBS), ("manifest",), ("weights",), *VERBS_OF_ROOMS])
def test_every_verb_has_a_help_that_says_what_it_is_for(verb: tuple[str, ...]):
    shown = CliRunner().invoke(commands.app, [*verb, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output
    if verb not in (("manifest",), ("weights",)):
        assert "Example: python run_batch.py" in shown.output


def test_the_door_and_its_help_import_nothing_heavy(repository: Path):
    code = (
        "import sys; sys.argv = ['run_batch.py', '--help']\n"
        "import run_batch\n"
        "try: run_batch.main()\n"
        f"finally: print('HEAVY', *(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert ended.stderr.strip() == "HEAVY"


def test_without_a_verb_the_help_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert call(monkeypatch) == 2
    assert "Usage:" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "arguments", [("rum", "x"), ("run",), ("run", "job.yaml", "--no-such"), ("retry", "o", "--reason", "x")]
)
def test_a_call_that_cannot_be_understood_ends_with_2(arguments, monkeypatch, capsys):
    assert call(monkeypatch, *arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_users_mistake_is_one_sentence_on_stderr_and_2(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "run", tmp_path / "none.yaml") == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "none.yaml cannot be read" in said.err
    assert said.out == ""


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_wrong_field_of_a_job_is_named(verb, monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\nvideo: {frames: 1, fsp: 30}\n")
    assert call(monkeypatch, verb, job) == 2
    said = capsys.readouterr().err
    assert "video.frames" in said
    assert "Did you mean fps?" in said


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"micromotion {importlib.metadata.version('micromotion')}\n"


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
    assert "1 video verified, 1 damaged or changed (anna.mp4)" in capsys.readouterr().out


def test_set_reaches_the_job(monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    assert call(monkeypatch, "plan", job, "--set", "video.frames=one") == 2
    assert 'video.frames: expected a whole number, found "one"' in capsys.readouterr().err


def test_a_plan_in_which_something_is_wrong_does_not_say_that_nothing_is(monkeypatch, capsys, tmp_path):
    job = tmp_path / "job.yaml"
    job.write_text("motion: {clip: a.mp4}\nmanifest: m.csv\n")
    for sound, verdict in ((True, "Nothing is wrong with it;"), (False, "Fix the problems above before it runs;")):
        planned = Plan(4, 0, ("space: about 2 TB, 1 GB free: TOO LITTLE",), sound)
        monkeypatch.setattr("pipeline.run.plan.plan_job", lambda spec, clips, planned=planned: planned)
        assert call(monkeypatch, "plan", job) == (0 if sound else 2)
        assert capsys.readouterr().out.splitlines()[-1] == f"{verdict} nothing was started."


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


def test_a_watched_run_whose_engine_died_asks_for_another_life_and_an_unwatched_one_says_so(
    monkeypatch, capsys, tmp_path
):
    def die(output: Path) -> None:
        raise EngineDied("The work stopped: Ray's own processes died.")

    monkeypatch.setattr("pipeline.monitor.status.read_status", die)
    assert call(monkeypatch, "status", tmp_path, watched=True) == 75
    assert capsys.readouterr().err == ""
    assert call(monkeypatch, "status", tmp_path) == 1
    assert capsys.readouterr().err == "The work stopped: Ray's own processes died.\n"


def test_an_unexpected_error_names_no_credentials(monkeypatch, capsys, tmp_path):
    def fail(output: Path) -> None:
        raise ValueError("s3://KEY:SECRET@bucket is odd")

    monkeypatch.setattr("pipeline.monitor.status.read_status", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert call(monkeypatch, "status", "anything") == 1
    details = next(tmp_path.glob("micromotion-*.txt")).read_text()
    assert "SECRET" not in capsys.readouterr().err + details
    assert "s3://***@bucket is odd" in details


def test_a_message_cannot_steer_the_terminal(monkeypatch, capsys):
    assert call(monkeypatch, "status", "\x1b[31mred\x07") == 2
    said = capsys.readouterr().err
    assert "red" in said
    assert "\x1b" not in said
    assert "\x07" not in said


def test_an_unexpected_error_is_one_sentence_and_its_details_are_in_a_file(monkeypatch, capsys, tmp_path):
    def fail(output: Path) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("pipeline.monitor.status.read_status", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert call(monkeypatch, "status", tmp_path) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    details = next(tmp_path.glob("micromotion-*.txt"))
    assert str(details) in said
    assert "Traceback" in details.read_text()


@pytest.mark.parametrize(
    ("error", "code"),
    [(JobError("one\ntwo"), 2), (WorkStopped("the cluster went away"), 1), (KeyboardInterrupt(), 130)],
)
def test_every_kind_of_error_has_its_exit_code(error, code, monkeypatch, capsys):
    def fail(output: Path) -> None:
        raise error

    monkeypatch.setattr("pipeline.monitor.status.read_status", fail)
    assert call(monkeypatch, "status", "anything") == code
    said = capsys.readouterr().err
    assert said.splitlines() == str(error).splitlines()


def test_a_manifest_is_built_and_checked(monkeypatch, capsys, tmp_path):
    folder = pictures(tmp_path / "faces", "anna.png", "more/ben.jpg")
    (folder / "notes.txt").write_text("x")
    manifest = tmp_path / "targets.parquet"
    assert call(monkeypatch, "manifest", "build", folder, "--output", manifest) == 0
    assert capsys.readouterr().out == f"{manifest}: 2 images; 1 other file left out (1 .txt)\n"
    assert pq.read_table(manifest)["id"].to_pylist() == ["anna", "more_ben"]
    assert call(monkeypatch, "manifest", "check", manifest) == 0
    assert "2 rows" in capsys.readouterr().out


def test_a_flat_manifest_leaves_inner_folders_out(monkeypatch, tmp_path):
    folder = pictures(tmp_path / "faces", "anna.png", "more/ben.jpg")
    manifest = tmp_path / "targets.parquet"
    assert call(monkeypatch, "manifest", "build", folder, "--output", manifest, "--flat") == 0
    assert pq.read_table(manifest).num_rows == 1


def test_missing_pictures_are_named_and_end_with_3(monkeypatch, capsys, tmp_path):
    pictures(tmp_path, "anna.png")
    manifest = tmp_path / "targets.csv"
    manifest.write_text("id,image\nanna,anna.png\nben,ben.png\n")
    assert call(monkeypatch, "manifest", "check", manifest) == 3
    said = capsys.readouterr().out
    assert "1 image missing" in said
    assert 'row 2 (id "ben")' in said


def test_an_empty_folder_is_a_users_mistake(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "manifest", "build", tmp_path) == 2
    assert "no images" in capsys.readouterr().err


def test_the_list_of_weights_says_what_is_missing_and_where_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert call(monkeypatch, "weights", "list") == 0
    said = capsys.readouterr().out
    assert "synthface" in said
    assert f"{tmp_path}/model_ir_se50.pth" in said
    assert "missing" in said
    assert "from Google Drive file" in said


def test_damaged_weights_do_not_pass(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    (tmp_path / "stylegan2-ffhq-config-f.pt").write_bytes(b"damaged")
    assert call(monkeypatch, "weights", "verify", "ffhq") == 2
    assert "stylegan2-ffhq-config-f.pt" in capsys.readouterr().err


def test_missing_or_unknown_weights_are_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    assert call(monkeypatch, "weights", "verify", "ffhq") == 2
    assert "is missing" in capsys.readouterr().err
    assert call(monkeypatch, "weights", "verify", "fhq") == 2
    assert "known are synthface, ffhq" in capsys.readouterr().err


def test_a_published_direction_is_imported_as_a_micromotion(monkeypatch, capsys, tmp_path):
    torch.save(torch.randn(1, 18, 512), tmp_path / "smile.pt")
    assert call(monkeypatch, "weights", "import", tmp_path / "smile.pt", "--output", tmp_path / "made") == 0
    assert load_micromotion(tmp_path / "made/smile.safetensors").direction.shape == (18, 512)
    assert call(monkeypatch, "weights", "import", tmp_path / "gone.pt") == 2
    assert "there is no such file" in capsys.readouterr().err


def test_fetching_says_the_licence_and_where_to_get_by_hand_what_cannot_be_fetched(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "gdown", None)  # as where it is not installed
    for other in ("model_ir_se50.pth", "2DFAN4-11f355bf06.pth.tar"):  # no test asks the publishers' servers
        (tmp_path / other).touch()
    assert call(monkeypatch, "weights", "fetch", "ffhq") == 2
    said = capsys.readouterr()
    assert "licence, non-commercial" in said.out
    assert "gdown" in said.err
    assert f"put it into {tmp_path}" in said.err
    assert call(monkeypatch, "weights", "fetch", "synthface") == 0
    assert "is here" in capsys.readouterr().out


def test_bundled_weights_are_what_they_have_to_be(monkeypatch, capsys):
    assert call(monkeypatch, "weights", "verify", "synthface") == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        f"synthface {part}" for part in ("generator", "inverter", "identity", "landmarks", "clip", "head", "face_check")
    ]
    assert all("good, sha256:" in line for line in said)


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
    shown = CliRunner().invoke(commands.app, ["retry", "--help"], env={"COLUMNS": "400"}).output
    assert all(reason.value in shown for reason in Reason)


def test_extract_wants_a_name_that_says_what_the_file_is(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "extract", tmp_path / "clip.mp4", "--output", tmp_path / "smile.pt") == 2
    assert "expected a name that ends in .safetensors" in capsys.readouterr().err


def test_a_pipe_that_closes_early_is_no_error(repository: Path):
    command = f"{sys.executable} run_batch.py weights list | head -c 1"
    ended = subprocess.run(["bash", "-c", command], cwd=repository, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    assert "Something went wrong" not in ended.stderr


def test_output_into_a_file_holds_no_control_characters(repository: Path, tmp_path: Path):
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "run_batch.py", "status", str(tmp_path)]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 2
    assert "\x1b" not in ended.stdout + ended.stderr
