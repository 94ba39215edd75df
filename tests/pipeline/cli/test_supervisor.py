"""A run that dies is started again, one that is told to stop is not, and a signal is never a traceback."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.errors import RESUME
from pipeline.cli import supervisor

# What a life does is its argument; each life leaves a file.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from pipeline.cli import supervisor
from pipeline.run.signals import Interruption

folder, deaths = Path(sys.argv[1]), int(sys.argv[2])
if supervisor.WATCHED not in os.environ:
    sys.exit(supervisor.supervise(sys.argv[1:]))
with supervisor.under_watch():
    interruption = Interruption()
    with interruption.listening(), interruption.graceful():
        lives = len(list(folder.iterdir()))
        (folder / str(os.getpid())).touch()
        if lives < deaths and "engine" in sys.argv:
            sys.exit(supervisor.AGAIN)
        if lives < deaths:
            os.kill(os.getpid(), signal.SIGALRM if "alarm" in sys.argv else signal.SIGKILL)
        while not interruption.asked and "wait" in sys.argv:
            time.sleep(0.01)
    sys.exit(130 if interruption.asked else 3)
"""


@pytest.fixture
def lives(tmp_path: Path) -> Path:
    folder = tmp_path / "lives"
    folder.mkdir()
    return folder


def start(lives: Path, deaths: int, *more: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    script = lives.parent / "script.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    command = [*before, sys.executable, str(script), str(lives), str(deaths), *more]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # these tests may run under nohup themselves
    )


def wait_for_lives(lives: Path, count: int) -> None:
    until = time.monotonic() + 60
    while len(list(lives.iterdir())) < count:
        assert time.monotonic() < until, "no life began"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "supervised"),
    [(["run", "a.yaml"], True), (["retry", "out"], True), (["plan", "a.yaml"], False), ([], False)],
)
def test_long_work_is_supervised_and_nothing_else(
    arguments: list[str], supervised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(supervisor.WATCHED, raising=False)
    assert supervisor.to_be_supervised(arguments) == supervised
    monkeypatch.setenv(supervisor.WATCHED, "3")
    assert not supervisor.to_be_supervised(arguments), "it is already"


def test_a_run_that_is_killed_is_started_again_and_its_end_is_the_end(lives: Path) -> None:
    run = start(lives, 1)
    said, complained = run.communicate(timeout=60)
    assert (run.returncode, said, len(list(lives.iterdir()))) == (3, "", 2)
    assert complained.startswith("The run's process was killed by signal 9. ")


@pytest.mark.slow
def test_a_run_whose_engine_died_is_started_again(lives: Path) -> None:
    run = start(lives, 1, "engine")
    complained = run.communicate(timeout=60)[1]
    assert (run.returncode, len(list(lives.iterdir()))) == (3, 2)
    assert complained.startswith("The run's process lost those of Ray. ")


def test_a_run_that_ray_does_not_answer_is_started_again(lives: Path) -> None:
    run = start(lives, 1, "alarm")
    complained = run.communicate(timeout=60)[1]
    assert (run.returncode, len(list(lives.iterdir()))) == (3, 2)
    assert complained.startswith("The run's process got no answer from Ray. ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
def test_a_signal_between_two_lives_ends_it_as_interrupted(lives: Path, number: signal.Signals) -> None:
    run = start(lives, 1)
    assert run.stderr is not None
    assert "killed by signal 9" in run.stderr.readline()
    run.send_signal(number)
    complained = run.communicate(timeout=60)[1]
    assert (run.returncode, complained, len(list(lives.iterdir()))) == (130, "", 1)


def test_the_end_of_the_terminal_stops_a_run_like_ctrl_c(lives: Path) -> None:
    run = start(lives, 0, "wait")
    wait_for_lives(lives, 1)
    run.send_signal(signal.SIGHUP)
    assert run.communicate(timeout=60) == ("", "")
    assert run.returncode == 130


def test_a_run_under_nohup_does_not_hear_of_the_end_of_its_terminal(lives: Path) -> None:
    run = start(lives, 0, "wait", before=("nohup",))
    wait_for_lives(lives, 1)
    os.kill(int(next(lives.iterdir()).name), signal.SIGHUP)
    run.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(1.0)
    run.terminate()
    run.communicate(timeout=60)
    assert run.returncode == 130


@pytest.mark.parametrize(
    ("seconds", "ends", "code"),
    [
        (599.0, [(-9, None), (1, None), (-9, None)], 1),
        (601.0, [(-9, None)] * 5 + [(3, 3)], 3),
    ],
    ids=["soon after each other", "far apart"],
)
def test_three_deaths_soon_after_each_other_end_it_and_any_number_far_apart_does_not(
    seconds: float,
    ends: list[tuple[int, int | None]],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lives of so many seconds that end so; the first alone starts afresh."""
    given: list[list[str]] = []
    clock = itertools.count(0.0, seconds)

    def live(life: supervisor.ChildProcess, arguments: list[str]) -> tuple[int, int | None]:
        given.append(arguments)
        return ends[len(given) - 1]

    monkeypatch.setattr(supervisor.ChildProcess, "run", live)
    monkeypatch.setattr(supervisor, "clear_dead_sessions", lambda: None)
    time = SimpleNamespace(sleep=lambda seconds: None, monotonic=lambda: next(clock))
    monkeypatch.setattr(supervisor, "time", time)
    assert supervisor.supervise(["run", "job.yaml", "--fresh"]) == code
    assert given == [["run", "job.yaml", "--fresh"], *[["run", "job.yaml"]] * (len(ends) - 1)]
    assert ("3 times in a row" in capsys.readouterr().err.splitlines()[-1]) == (code == 1)


@pytest.mark.parametrize(
    ("deaths", "status", "sentence"),
    [
        (0, -signal.SIGTERM, supervisor.NOT_BEGUN),
        (1, -signal.SIGTERM, f"Interrupted. {RESUME}"),
        (0, 130, ""),
    ],
    ids=["killed at its start", "killed at the start of its second life", "said it itself"],
)
def test_a_process_that_is_stopped_before_it_listens_is_interrupted(
    deaths: int, status: int, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[list[str]] = []

    def live(life: supervisor.ChildProcess, arguments: list[str]) -> tuple[int, int | None]:
        given.append(arguments)
        life.stopped = len(given) > deaths
        return (status, None) if life.stopped else (-9, None)

    monkeypatch.setattr(supervisor.ChildProcess, "run", live)
    monkeypatch.setattr(supervisor, "clear_dead_sessions", lambda: None)
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS", 0.0)
    assert supervisor.supervise(["run", "job.yaml"]) == 130
    said = capsys.readouterr().err.splitlines()[deaths:]
    assert said == ([sentence] if sentence else [])


def test_ctrl_c_stops_also_what_a_shell_started_with_it_ignored(lives: Path) -> None:
    run = start(lives, 0, "wait", before=("sh", "-c", 'trap "" INT; exec "$@"', "sh"))
    wait_for_lives(lives, 1)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=60) == ("", "")
    assert run.returncode == 130
