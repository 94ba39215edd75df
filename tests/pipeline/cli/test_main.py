"""The command line as a whole: its help, its exit codes, what becomes of an error."""

import importlib.metadata
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.errors import EngineDied, JobError, WorkStopped
from common.terminal import PROG
from pipeline.cli.main import NOT_ENDED, app
from pipeline.cli.supervisor import NOT_BEGUN
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from tests.pipeline.cli.command_line import call

VERBS = ("run", "plan", "status", "retry", "report", "extract")
VERBS_OF_ROOMS = (
    ("manifest", "build"),
    ("manifest", "check"),
    *(("weights", verb) for verb in ("list", "fetch", "verify", "import")),
)
HEAVY = ("torch", "ray", "pyarrow", "cv2", "numpy", "pydantic", "yaml", "jinja2")
SLOW = ("torch", "ray")  # seconds each


@pytest.mark.parametrize("verb", [(), *((verb,) for verb in VERBS), ("manifest",), ("weights",), *VERBS_OF_ROOMS])
def test_every_verb_has_a_help_that_says_what_it_is_for(verb: tuple[str, ...]):
    shown = CliRunner().invoke(app, [*verb, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output
    if verb not in (("manifest",), ("weights",)):
        assert f"Example: {PROG} {' '.join(verb)}" in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("arguments", "exit_code", "heavy"),
    [
        (("--help",), 0, HEAVY),
        (("plan", "none.yaml"), 2, SLOW),
        (("plan", "jobs/demo.yaml", "--set", "video.frame=3"), 2, SLOW),
        (("extract", "none.mp4", "--output", "smile.mp4"), 2, SLOW),
        (("weights", "list"), 0, SLOW),
        (("plan", "jobs/demo.yaml", "--set", "video.layers=[0, 13]"), 2, SLOW),
        (("run", "jobs/demo.yaml", "--set", "video.layers=[0, 13]"), 2, SLOW),
    ],
)
def test_help_lists_and_refusals_of_a_job_wait_for_no_import(
    repository: Path, arguments: tuple[str, ...], exit_code: int, heavy: tuple[str, ...]
):
    ended = call_by_itself(repository, arguments, heavy)
    assert ended.returncode == exit_code
    assert "HEAVY" in ended.stderr.splitlines()


def test_a_plan_of_a_clip_that_was_examined_before_needs_no_networks(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [motion] = check_job(load_job(repository / "jobs/demo.yaml", output=tmp_path / "out")).motions.values()
    (tmp_path / "clips").mkdir()
    (tmp_path / f"clips/{motion.made_from[:32]}.png").touch()
    (tmp_path / f"clips/{motion.made_from[:32]}.json").write_text('{"lines": ["recalled"], "doubtful": false}')
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    ended = call_by_itself(repository, ("plan", "jobs/demo.yaml", "--output", str(tmp_path / "out")), SLOW)
    assert "recalled" in ended.stdout and "time: about" in ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "HEAVY\n")


def call_by_itself(
    repository: Path, arguments: tuple[str, ...], heavy: tuple[str, ...]
) -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own, without a supervisor; its last error line lists what it imported."""
    code = (
        f"import sys; sys.argv = ['run_batch.py', *{arguments!r}]\n"
        "from pipeline.cli.main import run_app\n"
        "try: run_app()\n"
        f"finally: print('HEAVY', *(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)


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


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"micromotion {importlib.metadata.version('micromotion')}\n"


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
    assert said.splitlines() == (str(error) or NOT_ENDED).splitlines()


@pytest.fixture
def interruptions_heard() -> Iterator[None]:
    """What a shell starts in the background ignores SIGINT, and so does all that it starts: not here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptions_heard")
@pytest.mark.parametrize(
    ("verb", "number", "sentence"),
    [
        ("run", signal.SIGINT, NOT_BEGUN),
        ("run", signal.SIGTERM, NOT_BEGUN),
        ("plan", signal.SIGINT, NOT_ENDED),
    ],
)
def test_a_command_that_is_interrupted_before_its_work_begins_says_so(
    verb: str, number: signal.Signals, sentence: str, repository: Path, tmp_path: Path
):
    command = [sys.executable, "run_batch.py", verb, "jobs/demo.yaml", "--output", str(tmp_path / "out")]
    with subprocess.Popen(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("checking ")
        os.killpg(process.pid, number)  # as a terminal does it: every process hears of it
        said, complaints = process.communicate(timeout=120)
    assert (process.returncode, said, complaints) == (130, "", f"{sentence}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["common", "typer"])
def test_a_command_that_is_interrupted_while_it_is_imported_says_so_without_a_traceback(repository: Path, name: str):
    code = (
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {name!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import run_batch"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "Interrupted before anything was begun; the same command starts it.\n"


@pytest.mark.slow
def test_an_interruption_that_an_import_swallows_is_heard_all_the_same(repository: Path):
    code = (
        "import os, signal, sys\n"
        "class Swallow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pyarrow':\n"
        "            sys.meta_path.remove(self)\n"
        "            try: os.kill(os.getpid(), signal.SIGINT)\n"
        "            except KeyboardInterrupt: pass\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['run_batch.py', 'plan', 'jobs/demo.yaml']\n"
        "import run_batch\n"
        "sys.meta_path.insert(0, Swallow())\n"
        "run_batch.main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, f"{NOT_ENDED}\n")


@pytest.mark.parametrize(
    "verb", [("status",), ("report",), ("retry",), ("manifest", "build"), ("manifest", "check"), ("weights", "import")]
)
def test_a_name_that_no_file_can_have_is_a_users_mistake(
    verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert call(monkeypatch, *verb, "n" * 300) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
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
