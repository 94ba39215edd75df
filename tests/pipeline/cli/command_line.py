"""Calling the command line inside of a test."""

import sys

import pytest

from pipeline.cli.main import run_app


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object, watched: bool = False) -> int:
    """Run the command line with these arguments; the exit code."""
    monkeypatch.setattr(sys, "argv", ["run_batch.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        run_app(watched)
    return int(ended.value.code or 0)
