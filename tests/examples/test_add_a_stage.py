"""The example of a stage of one's own does what it says."""

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.ray
@pytest.mark.slow
def test_a_stage_of_ones_own_goes_through_workers(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / "weights/bundled/demo/faces/face_01.jpg", tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_text("no image")
    command = [sys.executable, "examples/add_a_stage.py", str(tmp_path), "--workers", "1"]
    done = subprocess.run(command, check=True, cwd=repository, capture_output=True, text=True)
    face, no_image = done.stdout.splitlines()
    assert face.startswith("a.jpg") and float(face.split()[1]) > 10
    assert no_image.startswith("b.jpg") and math.isnan(float(no_image.split()[1]))
