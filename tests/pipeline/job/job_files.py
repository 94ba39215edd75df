"""Job files that tests write, and what is said of those that are refused."""

from pathlib import Path

import pytest
import yaml

from common.errors import JobError
from pipeline.job.load import load_job

MINIMAL = {"motion": {"clip": "smile.mp4"}, "manifest": "faces.parquet"}


def write(folder: Path, content: object, name: str = "smile.yaml") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def refused(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(JobError) as caught:
        load_job(path, overrides)
    return str(caught.value).splitlines()
