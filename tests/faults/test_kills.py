"""Runs whose processes are killed go on with the same command, and leave what an unbroken run leaves."""

import random
from pathlib import Path

import pytest

from benchmarks.faults.audit import audit
from benchmarks.faults.injection import KINDS, BrokenRun, break_run
from benchmarks.faults.job import BAD, write_fault_job
from pipeline.cluster.sizing import Node
from pipeline.job.load import load_job
from pipeline.output.event_log import EventLog
from pipeline.run.run import run_job

pytestmark = pytest.mark.slow
# One render worker: seven lives follow each other, and a worker takes longer to start than what it makes in one.
ROWS, FRAMES, WORKERS = 10, 60, 1
# Every kind, in an order in which the supervisor never sees as many deaths of a driver in a row as make it give up.
FAULTS = ("driver", "worker", "supervisor", "gcs", "encoder", "power", "raylet")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, ray_nodes: list[Node]) -> tuple[Path, Path]:
    """A job, and the output of a run that nothing was done to."""
    folder = tmp_path_factory.mktemp("faults")
    job = write_fault_job(folder, ROWS, rehearsal=True, frames=FRAMES)
    with job.open("a") as file:
        file.write(f"cluster: {{workers: {WORKERS}}}\n")
    with EventLog() as events:
        assert run_job(load_job(job, [f"output={folder}/reference"]), events).exit_code == 3
    return job, folder / "reference"


def test_nothing_is_lost_whatever_is_killed_amid_the_work(unbroken: tuple[Path, Path], tmp_path: Path) -> None:
    job, reference = unbroken
    run = break_run(job, tmp_path / "out", list(FAULTS), 0.1, random.Random(1), begun=range(1, 1 + len(FAULTS)))
    assert run.exit_code == 3, (tmp_path / "out.said").read_text()
    ids = [line.split(",")[0] for line in (job.parent / "faces.csv").read_text().splitlines()[1:]]
    found = audit(run, reference, ids, FRAMES, WORKERS)
    assert run.injected == list(FAULTS) and set(FAULTS) == set(KINDS)
    assert found.sound, (found, run.starts)
    assert found.repeated <= found.allowed
    assert not run.left, run.left
    assert "Traceback" not in (tmp_path / "out.said").read_text()


def test_the_audit_sees_what_is_wrong(unbroken: tuple[Path, Path], tmp_path: Path) -> None:
    """An audit that finds nothing anywhere would prove nothing."""
    job, reference = unbroken
    ids = [line.split(",")[0] for line in (job.parent / "faces.csv").read_text().splitlines()[1:]]
    assert set(BAD) < set(ids)
    as_it_is = audit(BrokenRun(reference), reference, ids, FRAMES)
    assert as_it_is.sound and as_it_is.rows == ROWS + 2
    assert audit(BrokenRun(reference), reference, [*ids, "one_more"], FRAMES).lost == 2
    assert audit(BrokenRun(reference), reference, ids[::-1], FRAMES).duplicated == 1
    assert audit(BrokenRun(reference), reference, ids, FRAMES + 1).half_written == ROWS
    for injected, given_up in ((["driver", "raylet", "worker"], 1), (["driver", "power"], 0), (["raylet"] * 3, 0)):
        assert audit(BrokenRun(reference, injected, starts=2), reference, ids, FRAMES).given_up == given_up
    stray = reference / "videos/row_0000.abc.part"
    stray.touch()
    assert audit(BrokenRun(reference), reference, ids, FRAMES).strays == 1
    stray.unlink()
