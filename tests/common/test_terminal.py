"""What the command line says goes on being said when nobody listens any more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.terminal import complain, program, say

SCRIPT = """
import sys
from common.terminal import complain, outlast_readers, say
from pipeline.monitor.display import Display
outlast_readers()
with Display() as display:
    display({"time": 0.0, "event": "run_started", "job": "smile", "output": "out", "rows": 9})
    sys.stdin.read()
    for number in range(500):
        display({"time": 1.0, "event": "warning", "message": f"{number} " + "x" * 1000})
say("the end")
complain("the end")
sys.exit(3)
"""


def test_a_reader_that_leaves_ends_nothing(repository: Path) -> None:
    said = os.pipe()
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=repository, stdin=subprocess.PIPE, stdout=said[1], stderr=said[1]
    )
    os.close(said[1])
    with os.fdopen(said[0], "rb") as reader:
        assert b"smile: 9 rows, into out" in reader.readline()
    run.communicate(timeout=60)
    assert run.returncode == 3


def test_the_command_line_shows_no_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    say("  s3://KEY:SECRET@bucket/x: 3 rows")
    complain("https://host/x?token=SECRET cannot be read")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("  s3://***@bucket/x: 3 rows\n", "https://host/x?token=*** cannot be read\n")


def test_a_hint_names_the_program_as_it_can_be_pasted_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python", "micromotion"):
        place = tmp_path / "my clone/.venv/bin" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    python = str(tmp_path / "my clone/.venv/bin/python")
    monkeypatch.chdir(tmp_path / "my clone")
    assert program("run_batch.py", python) == ".venv/bin/python run_batch.py"
    assert program(".venv/bin/micromotion", python) == ".venv/bin/micromotion"
    assert program("/usr/lib/pytest/__main__.py", python) == ".venv/bin/python run_batch.py"
    monkeypatch.chdir(tmp_path)
    assert program("my clone/run_batch.py", python) == "'my clone/.venv/bin/python' 'my clone/run_batch.py'"
    monkeypatch.chdir(Path(python).parent)
    assert program("micromotion", python) == "./micromotion"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert program("/x/run_batch.py", python) == f"'{python}' /x/run_batch.py"
    monkeypatch.setenv("PATH", str(Path(python).parent))
    assert program("run_batch.py", python) == "python run_batch.py"
    assert program(str(Path(python).with_name("micromotion")), python) == "micromotion"
