"""A whole job on the bundled model and a real Ray: from a clip and four images to videos, results and report."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from common.errors import ClipError
from pipeline.cluster.sizing import Node
from pipeline.job.load import load_job
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog, read_events
from pipeline.report.anchor_sheets import CROSSED_OUT
from pipeline.run.extract import run_extraction
from pipeline.run.plan import plan_job
from pipeline.run.run import RunSummary, run_job
from pipeline.run.work import Work
from stages.media.encode import write_video
from stages.media.open_clip import read_clip
from stages.motion.load_micromotion import load_micromotion
from stages.motion.micromotion import Micromotion
from tests.pipeline.material import write_job


def run(path: Path, *overrides: str, **how: object) -> RunSummary:
    """With one render worker: these jobs have two videos, and a worker takes longer to start than they do."""
    with EventLog() as events:
        return run_job(load_job(path, ["cluster.workers=1", *overrides]), events, **how)  # type: ignore[arg-type]


def counted(summary: RunSummary) -> tuple[int, int, int, int]:
    return summary.done, summary.kept, summary.failed, summary.exit_code


@pytest.mark.slow
def test_a_plan_knows_whether_anything_in_it_is_wrong(
    tmp_path: Path, a_motion: Micromotion, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, ready = write_job(tmp_path), "motion={file: motion.safetensors}"
    a_motion.save(tmp_path / "motion.safetensors")
    planned = plan_job(load_job(job))
    assert any(" layers, fingerprint sha256:" in line for line in planned.lines)
    assert planned.sound and sum(line.startswith("time: about ") for line in planned.lines) == 1
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.output.disk_space.shutil.disk_usage", lambda place: SimpleNamespace(free=1000))
        planned = plan_job(load_job(job, [ready]))
    assert not planned.sound and any(line.endswith("TOO LITTLE") for line in planned.lines)
    films = tmp_path / "films"
    films.mkdir()
    with monkeypatch.context() as patched:
        usage = lambda place: SimpleNamespace(free=1000 if place == films else 1 << 40)  # noqa: E731
        patched.setattr("pipeline.output.disk_space.shutil.disk_usage", usage)
        planned = plan_job(load_job(job, [ready, f"videos={films.as_uri()}"]))
    assert not planned.sound and any(line.endswith("TOO LITTLE") for line in planned.lines)
    monkeypatch.setattr("pipeline.run.plan.ray_session", lambda cluster: nullcontext([Node(2, 0, 8 << 30)]))
    monkeypatch.setattr("pipeline.run.plan.nodes_without_weights", lambda model: {"n2": "it lacks the generator"})
    planned = plan_job(load_job(job, [ready, "cluster.address=auto"]))
    assert not planned.sound and planned.lines[-1] == "node n2: it lacks the generator"


@pytest.mark.parametrize("shows_anchors", [False, True])
def test_a_refused_clip_leaves_a_folder_only_where_it_shows_why(
    shows_anchors: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, output = write_job(tmp_path), tmp_path / "out"

    def refuse(work: Work) -> None:
        if shows_anchors:
            (output / "anchors.png").touch()
        raise ClipError("another person is seen")

    monkeypatch.setattr(Work, "run", refuse)
    with pytest.raises(ClipError):
        run(job)
    assert output.exists() == shows_anchors


def test_a_run_that_is_interrupted_while_ray_starts_has_said_what_it_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(cluster: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.run.work.ray_session", stop)
    assert counted(run(write_job(tmp_path))) == (0, 0, 0, 130)
    first, *_, last = read_events(tmp_path / "out/log.jsonl")
    assert (first["event"], first["rows"]) == ("run_started", 4)
    assert (last["event"], last["remaining"]) == ("run_interrupted", 4)


def test_a_run_counts_videos_far_from_the_motion_as_its_report_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(work: Work) -> None:
        made = {"id": "anna", "key": "k", "status": "done", "video": "videos/anna.mp4", "motion_amplitude": 0.1}
        work.ledger.append([made])
        work.counts.keys[0], work.counts.done = "k", 1

    monkeypatch.setattr(Work, "run", make)
    assert counted(run(write_job(tmp_path))) == (1, 0, 0, 0)
    assert read_events(tmp_path / "out/log.jsonl")[-1]["far_from_motion"] == 1
    assert ">In 1 of them</a> the measured motion is far from" in (tmp_path / "out/report.html").read_text()


@pytest.mark.slow
def test_a_job_runs_from_clip_to_report_makes_nothing_twice_and_starts_no_ray_for_nothing(
    tmp_path: Path, ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, output = write_job(tmp_path), tmp_path / "out"
    (tmp_path / "torn.png").unlink()
    assert plan_job(load_job(job)).kept == 0
    assert not output.exists(), "a plan writes nothing"

    assert counted(run(job)) == (2, 0, 2, 3)
    made = pq.read_table(output / "results.parquet").to_pydict()
    assert made["id"] == ["anna", "grey", "torn", "ben"]
    assert made["status"] == ["done", "failed", "failed", "done"]
    assert made["reason"] == ["", "no_face", "unreadable_image", ""]
    assert made["person"] == ["Anna", None, None, "Ben"] or made["person"] == ["Anna", "", "", "Ben"]
    for id_, size in zip(["anna", "ben"], (made["bytes"][0], made["bytes"][3]), strict=True):
        assert (output / f"videos/{id_}.mp4").stat().st_size == size
    for name in ("report.html", "anchors.png", "log.jsonl"):
        assert (output / name).stat().st_size > 0
    kinds = [event["event"] for event in read_events(output / "log.jsonl")]
    assert (kinds[0], kinds[-1], kinds.count("row")) == ("run_started", "run_finished", 4)
    motion = load_micromotion(output / "motion.safetensors")
    written = load_job(output / "job.yaml")
    assert written.made_with["motions"]["smile"]["fingerprint"] == motion.fingerprint

    # The same command keeps what is done; the row that failed for its content is not tried again, unless asked to.
    assert plan_job(load_job(job)).kept == 2
    columns = ["id", "status", "reason", "message", "key", "video", "bytes"]
    results = pq.read_table(output / "results.parquet", columns=columns)

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("Ray was started")

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.run.work.ray_session", refuse)
        assert counted(run(job)) == (0, 2, 2, 3), "the image that is not there is looked for, and is not there"
        assert pq.read_table(output / "results.parquet", columns=columns).equals(results)
        said = read_events(output / "log.jsonl")[len(kinds) :]
        assert {event["phase"] for event in said if event["event"] == "phase"} == {"videos"}, "a motion was made again"
        assert [event["event"] for event in said if event["event"] != "phase"] == (
            ["run_started", "row", "row", "run_finished"]
        )
        with pytest.raises(AssertionError, match="Ray was started"):
            run(job, retry=())
        (tmp_path / "torn.png").write_bytes((tmp_path / "anna.png").read_bytes())
        with pytest.raises(AssertionError, match="Ray was started"):
            run(job)

    # Whoever retries one reason leaves rows of other reasons alone, though their cause may be gone.
    assert counted(run(job, retry=["no_face"])) == (0, 2, 2, 3)
    assert pq.read_table(output / "results.parquet")["reason"][2].as_py() == "unreadable_image"
    (tmp_path / "torn.png").unlink()

    # Another strength makes the videos again, out of the same motion.
    before = (output / "videos/anna.mp4").read_bytes()
    changed = "(video.strength 1.0 -> 0.0): 2 videos there are made again"
    planned = plan_job(load_job(job, ["video.strength=0.0"]))
    assert any(changed in line for line in planned.lines)
    assert any(line.startswith("space: about ") and line.endswith(" free") for line in planned.lines)
    assert counted(run(job, "video.strength=0.0")) == (2, 0, 2, 3)
    told = [event["message"] for event in read_events(output / "log.jsonl") if event["event"] == "warning"]
    assert len([message for message in told if changed in message]) == 1
    assert (output / "videos/anna.mp4").read_bytes() != before
    assert load_micromotion(output / "motion.safetensors").fingerprint == motion.fingerprint


@pytest.mark.slow
def test_a_motion_extracted_by_itself_leaves_out_what_shows_something_else_and_serves_another_job(
    tmp_path: Path, repository: Path, ray_nodes: list[Node]
) -> None:
    job = write_job(tmp_path)
    clip = read_clip(repository / "weights/bundled/demo/smile.mp4", max_anchors=20)
    frames = clip.frames.copy()
    height, width = frames.shape[1:3]
    for frame in (7, 13):  # something passes before an eye
        frames[frame, height * 3 // 8 : height * 9 // 16, width // 4 : width // 2] = (60, 40, 30)
    write_video(tmp_path / "passing.mp4", list(frames), 10)
    with EventLog(tmp_path / "log.jsonl") as events:
        spec = MotionSpec(clip=str(tmp_path / "passing.mp4"))
        made = run_extraction(
            spec, tmp_path / "smile.safetensors", events, cluster=ClusterSpec(workers=1), iterations=2
        )
    located = [event for event in read_events(tmp_path / "log.jsonl") if str(event.get("phase")).startswith("locate")]
    assert {event["total"] for event in located} == {20}, "frames are counted, not groups of them"
    assert {0, 20} <= {event["done"] for event in located}
    motion = load_micromotion(made)
    assert motion.stray == (7, 13)
    assert 0.6 < motion.reach < 1.1
    assert 8 <= int(motion.progress.argmax()) <= 12
    warnings = [event["message"] for event in read_events(tmp_path / "log.jsonl") if event["event"] == "warning"]
    assert [message for message in warnings if "2 of 20 anchors show something else" in message]
    assert "at 0.70, 1.30 s" in warnings[-1]
    with Image.open(made.with_suffix(".png")) as strip:
        reds = np.all(np.array(strip) == CROSSED_OUT, axis=2).any(axis=0)
    assert 0 < reds.sum() <= 2 * 128

    job.write_text(yaml.safe_dump(yaml.safe_load(job.read_text()) | {"motion": {"file": "smile.safetensors"}}))
    (tmp_path / "faces.csv").write_text("id,image,strenght\nanna,anna.png,0.5\n")
    assert counted(run(job)) == (1, 0, 0, 0)
    warnings = [event["message"] for event in read_events(tmp_path / "out/log.jsonl") if event["event"] == "warning"]
    assert [message for message in warnings if 'Did you mean "strength"?' in message]
    assert load_micromotion(tmp_path / "out/motion.safetensors").fingerprint == motion.fingerprint
