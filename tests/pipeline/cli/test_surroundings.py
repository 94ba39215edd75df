"""What a process is started in: told in a sentence before anything heavy is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import UserError
from pipeline.cli.surroundings import check_surroundings


def run(repository: Path, *arguments: bytes | str, cwd: Path | bytes | None = None, **others: object):
    command = [sys.executable, str(repository / "run_batch.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **others)  # type: ignore[call-overload]


def test_a_current_folder_that_is_gone_is_one_sentence(repository: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir "{gone}"; exec "{sys.executable}" "{repository / "run_batch.py"}" plan job.yaml'
    done = subprocess.run(["sh", "-c", script], cwd=gone, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr == "The current folder is gone. Change into one that is there, and start again.\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["status", ""], "an argument is empty"),
        (["plan", "job.yaml", "--output", ""], "--output: its value is empty"),
        (["plan", "job.yaml", "--output="], "--output: its value is empty"),
    ],
)
def test_a_variable_that_was_not_set_is_not_the_current_folder(arguments: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what):
        check_surroundings(arguments)
    check_surroundings(["plan", "job.yaml", "--set", "video.strength="])  # is told with the job's other fields


def test_names_that_are_not_utf8_are_named(repository: Path, tmp_path: Path) -> None:
    done = run(repository, "extract", b"clip\xff.mp4", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == 'an argument, "clip\\xff.mp4": a name that is not UTF-8. Rename it.\n'
    folder = tmp_path / os.fsdecode(b"\xe9t\xe9")
    folder.mkdir()
    done = run(repository, "plan", "job.yaml", cwd=folder)
    assert done.returncode == 2
    assert r"\xe9t\xe9" in done.stderr


def test_an_account_without_a_home_is_told_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(UserError, match="no home folder. Set HOME"):
        check_surroundings(["plan"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_standard_output_is_one_sentence(repository: Path, tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        command = [sys.executable, str(repository / "run_batch.py"), "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr == (
        "Standard output cannot be written: No space left on device. Make room there, or send it elsewhere.\n"
    )


def test_packages_of_ours_are_found_before_others_of_their_names(repository: Path, tmp_path: Path) -> None:
    for name in ("pipeline", "stages"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('print("SOMEBODY ELSE\'S")')
    paths = f"{tmp_path}{os.pathsep}{repository}"
    script = "import sys; sys.argv[1:] = ['--help']; from run_batch import main; main()"  # what the console script is
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "SOMEBODY" not in done.stdout
    assert "extract" in done.stdout
