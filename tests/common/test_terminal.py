"""What the command line says goes on being said when nobody listens any more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.terminal import complain, say

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
