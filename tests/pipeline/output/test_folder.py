"""The output folder: starting afresh removes what runs made, says so, and touches nothing else."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipeline.job.checks import Checked, check_job
from pipeline.job.load import load_job
from pipeline.output.event_log import Event, EventLog
from pipeline.output.folder import MADE, STALE_UPLOAD_SECONDS, clear_leftovers, discard_earlier_run, write_job
from stages.motion.micromotion import Micromotion
from tests.pipeline.material import write_job as write_material


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return check_job(load_job(write_material(tmp_path)))


def fill(output: Path) -> None:
    for name in MADE:
        if "." in name:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            (output / name).touch()
        else:
            (output / name).mkdir(parents=True)
            (output / name / "inside").touch()
    (output / "notes.txt").touch()


def test_starting_afresh_removes_what_runs_made_and_says_so(checked: Checked) -> None:
    fill(checked.job.output)
    heard: list[Event] = []
    discard_earlier_run(checked, EventLog(None, [heard.append]))
    assert [path.name for path in checked.job.output.iterdir()] == ["notes.txt"]
    assert len(heard) == 1 and all(name in heard[0]["message"] for name in MADE)


def test_starting_afresh_in_an_empty_folder_has_nothing_to_say(checked: Checked) -> None:
    heard: list[Event] = []
    discard_earlier_run(checked, EventLog(None, [heard.append]))
    assert heard == []


def test_starting_afresh_never_removes_what_the_job_is_made_from(tmp_path: Path, a_motion: Micromotion) -> None:
    job_file = write_material(tmp_path)
    (tmp_path / "out/motions").mkdir(parents=True)
    a_motion.save(tmp_path / "out/motions/kept.safetensors")
    checked = check_job(load_job(job_file, ["motion={file: out/motions/kept.safetensors}"]))
    discard_earlier_run(checked, EventLog())
    assert (tmp_path / "out/motions/kept.safetensors").is_file()


def test_a_motion_is_ready_again_only_if_nothing_that_decides_it_has_changed(
    tmp_path: Path, checked: Checked, a_motion: Micromotion
) -> None:
    def ready(*overrides: str) -> bool:
        return check_job(load_job(tmp_path / "job.yaml", overrides)).motions["smile"].ready is not None

    checked.job.output.mkdir()
    assert not ready()
    a_motion.save(checked.motions["smile"].path)
    assert not ready(), "a file that nobody vouches for"
    write_job(checked.with_motion("smile", replace(checked.motions["smile"], ready=a_motion)))
    assert ready("video.frames=9", "cluster.workers=1")
    assert not ready("motion.max_anchors=5")
    assert not ready("iterations=2")
    assert not discard_earlier_run(checked, EventLog()).motions["smile"].ready
    assert not ready()


def test_job_yaml_says_what_the_output_is_made_with(checked: Checked, a_motion: Micromotion) -> None:
    checked.job.output.mkdir()
    write_job(checked.with_motion("smile", replace(checked.motions["smile"], ready=a_motion)))
    made_with = yaml.safe_load((checked.job.output / "job.yaml").read_text())["made_with"]
    assert made_with["weights"].keys() == {"generator", "inverter", "identity", "landmarks"}
    assert made_with["generator"] == checked.model.generator
    assert {"python", "torch", "ray"} <= made_with["versions"].keys()
    assert list(checked.job.output.iterdir()) == [checked.job.output / "job.yaml"]


def test_what_another_output_is_sending_to_the_same_store_is_left_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    job = tmp_path / "job.yaml"
    job.write_text(f"motion: {{clip: a.mp4}}\nmanifest: m.csv\nvideos: {store.as_uri()}\n")
    for name in ("anna.mp4.1111aaaa.part", "ben.mp4.2222bbbb.part", "carl.mp4"):
        (store / name).write_bytes(b"video")
    long_ago = time.time() - STALE_UPLOAD_SECONDS - 60
    for name in ("ben.mp4.2222bbbb.part", "carl.mp4"):
        os.utime(store / name, (long_ago, long_ago))
    clear_leftovers(load_job(job))
    assert {path.name for path in store.iterdir()} == {"anna.mp4.1111aaaa.part", "carl.mp4"}
