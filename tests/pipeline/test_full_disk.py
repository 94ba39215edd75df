"""A disk without room, before a run begins and under it: one sentence, and whose business it is."""

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.errors import OutputError, WorkStopped
from pipeline.cluster.sizing import Node
from pipeline.engine.spare import SpareWorkers
from pipeline.job.checks import check_job, check_output
from pipeline.job.load import load_job
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog
from pipeline.output.folder import reject_unwritable, stop_on_write_error, write_job
from pipeline.output.lock import OutputLock
from pipeline.run.extract import MotionExtractor
from pipeline.run.signals import Interruption
from stages.model_files import BUNDLED
from stages.motion.micromotion import Micromotion
from tests.pipeline.material import write_job as write_material


@contextmanager
def full_disk() -> Iterator[None]:
    """Files can be made in here and not filled, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_gives_out_names_and_no_room_is_found_before_a_run(tmp_path: Path) -> None:
    check_output(tmp_path / "out")
    with full_disk(), pytest.raises(OutputError, match=f"{tmp_path} cannot be written \\(File too large\\)"):
        check_output(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_for_which_there_is_no_room_is_told_in_a_sentence(tmp_path: Path) -> None:
    with full_disk(), pytest.raises(OutputError, match="lock cannot be written: File too large"):
        OutputLock(tmp_path).__enter__()
    with OutputLock(tmp_path):
        pass
    gone = pytest.raises(OutputError, match="gone/.lock cannot be written: No such file or directory")
    with gone, OutputLock(tmp_path / "gone"):
        pass


def test_a_lock_on_a_mount_that_went_away_hides_no_other_error(tmp_path: Path) -> None:
    class Gone:
        def truncate(self, size: int = 0) -> None:
            raise OSError(errno.ESTALE, "Stale file handle")

        close = truncate

    with pytest.raises(WorkStopped, match="the reason"), OutputLock(tmp_path) as lock:
        file, lock._file = lock._file, Gone()  # type: ignore[assignment]
        assert file is not None
        file.close()
        raise WorkStopped("the reason")


def test_what_cannot_be_made_ready_is_a_mistake_and_what_cannot_be_kept_up_is_none(tmp_path: Path) -> None:
    nothing_started = pytest.raises(OutputError, match=r"gone/videos cannot be written \(No such file or directory\)")
    with nothing_started, reject_unwritable(tmp_path / "gone"):
        (tmp_path / "gone/videos").mkdir()
    stopped = pytest.raises(WorkStopped, match="x cannot be written: File too large")
    with stopped, full_disk(), stop_on_write_error(tmp_path / "x"):
        (tmp_path / "x").write_text("x")


@pytest.mark.slow
def test_a_job_that_cannot_be_written_down_stops_the_run(tmp_path: Path) -> None:
    checked = check_job(load_job(write_material(tmp_path)))
    checked.job.output.mkdir()
    with full_disk(), pytest.raises(WorkStopped, match="job.yaml cannot be written: File too large"):
        write_job(checked)
    assert list(checked.job.output.iterdir()) == []


def test_a_motion_for_which_there_is_no_room_stops_the_run(
    tmp_path: Path, a_motion: Micromotion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.run.extract.extract_from_clip", lambda *given: a_motion)
    model = Model(BUNDLED, {}, "", 12, 128, 0)
    nodes = [Node(2, 0, 8 << 30)]
    extractor = MotionExtractor(model, ClusterSpec(), nodes, EventLog(), Interruption(), SpareWorkers())
    path = tmp_path / "motion.safetensors"
    stopped = pytest.raises(WorkStopped, match="motion.safetensors cannot be written: File too large")
    with full_disk(), stopped:
        extractor.extract_into("smile", MotionSpec(clip="smile.mp4"), path, tmp_path / "anchors.png")
    assert list(tmp_path.iterdir()) == []
