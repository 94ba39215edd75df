"""What a plan says of a clip is kept with the sheet of its anchors, and recalled for the same clip and models."""

import json
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from pipeline.job.checks import Checked, check_job
from pipeline.job.load import load_job
from pipeline.run.clip_look import report_clip
from stages.look_at_clip import ClipLook, look_at_clip
from stages.media.open_clip import open_clip
from stages.models import ModelSettings
from tests.pipeline.material import write_job


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check_job(load_job(write_job(tmp_path_factory.mktemp("job"))))


@pytest.fixture(autouse=True)
def looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a look finds, `tests/stages/test_look_at_clip.py` tests; here it is found once."""
    monkeypatch.setattr("stages.look_at_clip.look_at_clip", lambda clip, model, iterations: first_look(clip.path))


@cache
def first_look(path: Path) -> ClipLook:
    """A few anchors of a clip."""
    return look_at_clip(open_clip(path, 4), ModelSettings(), 1)


@pytest.mark.slow
def test_a_sheet_is_written_and_a_clip_seen_before_is_not_decoded_again(checked: Checked, tmp_path: Path) -> None:
    motion = checked.motions["smile"]
    first = report_clip(motion, checked.model, 1, tmp_path)
    (sheet,), (kept,) = tmp_path.glob("*.png"), tmp_path.glob("*.json")
    assert Image.open(sheet).size == (4 * 128, 2 * 128)
    assert first.lines[-1].endswith(str(sheet))

    kept.write_text(json.dumps({"lines": ["recalled"], "doubtful": True}))
    assert report_clip(motion, checked.model, 1, tmp_path).lines == ("recalled",)
    kept.write_text("torn")
    assert report_clip(motion, checked.model, 1, tmp_path) == first


@pytest.mark.slow
def test_without_a_folder_nothing_is_written(checked: Checked) -> None:
    report = report_clip(checked.motions["smile"], checked.model, 1, None)
    assert not any(".png" in line for line in report.lines)
