"""From a prompt to videos, on a real Ray and with the bundled CLIP."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from common.errors import JobError, TextError, UserError
from pipeline.cli.main import app
from pipeline.cluster.sizing import Node
from pipeline.job.checks import check_job
from pipeline.job.load import load_job
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog, read_events
from pipeline.output.existing import find_existing
from pipeline.report.anchor_sheets import LABEL, MARGIN, SHOWN_SIZE
from pipeline.run.extract import run_extraction
from pipeline.run.plan import plan_job
from pipeline.run.run import run_job
from stages.anchor_settings import AnchorSettings
from stages.motion.load_micromotion import load_micromotion

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="prompts need the extra `text`")

ANCHORS = {"degrees": ["no", "50%", "100%"], "seeds": [1, 2], "steps": 3}


@pytest.fixture
def job(tmp_path: Path, repository: Path) -> Path:
    faces = repository / "weights/bundled/demo/faces"
    (tmp_path / "faces.csv").write_text("id,image\n" + f"anna,{sorted(faces.iterdir())[0]}\n")
    content = {
        "motion": {"text": "a person with {degree} smile", "anchors": ANCHORS},
        "manifest": "faces.csv",
        "video": {"frames": 4, "measured_frames": 2},
        "output": "out",
    }
    path = tmp_path / "text.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def run(path: Path, *overrides: str) -> tuple[int, int, int, int]:
    with EventLog() as events:
        ended = run_job(load_job(path, ["cluster.workers=1", *overrides]), events)
    return ended.done, ended.kept, ended.failed, ended.exit_code


@pytest.mark.slow
def test_a_job_runs_from_a_sentence_to_a_report_and_makes_no_anchors_twice(job: Path, ray_nodes: list[Node]) -> None:
    output = job.parent / "out"
    assert any("2 identities at 3 degrees" in line for line in plan_job(load_job(job)).lines)
    assert run(job) == (1, 0, 0, 0)
    motion = load_micromotion(output / "motion.safetensors")
    assert motion.source == "a person with {degree} smile" and motion.stray == ()
    assert motion.coefficients.shape[0] == 3 and motion.landmarks is not None
    assert pq.read_table(output / "results.parquet")["status"].to_pylist() == ["done"]
    with Image.open(output / "anchors.png") as sheet:
        assert sheet.size == (MARGIN + 3 * SHOWN_SIZE, LABEL + 2 * SHOWN_SIZE)
    assert (output / "anchors-loss.svg").is_file()
    page = (output / "report.html").read_text()
    assert "a person with {degree} smile" in page and "data:image/svg+xml" in page and "3 degrees, 2 identities" in page
    told = [event for event in read_events(output / "log.jsonl") if event.get("phase") == "anchors text"]
    assert told[-1]["done"] == told[-1]["total"] == 2 * 3

    # The same command makes nothing again; another strength the video alone; another weight the anchors too.
    assert run(job) == (0, 1, 0, 0)
    assert load_micromotion(output / "motion.safetensors").fingerprint == motion.fingerprint
    stronger = check_job(load_job(job, ["video.strength=2"]))
    ready = stronger.motions["text"].ready
    assert ready is not None and ready.fingerprint == motion.fingerprint and not find_existing(stronger).kept
    changed = load_job(job, ["motion.anchors.distance_weight=0.5"])
    assert check_job(changed).motions["text"].ready is None


@pytest.mark.slow
def test_a_motion_is_extracted_by_itself_and_its_loss_told_on_the_way(tmp_path: Path, ray_nodes: list[Node]) -> None:
    spec = MotionSpec(
        text="a person with head turned {degree} to the left",
        anchors=AnchorSettings(degrees=("no", "50%", "100%"), seeds=(1,), steps=6),
    )
    with EventLog(tmp_path / "log.jsonl") as events:
        target = run_extraction(spec, tmp_path / "turn.safetensors", events, cluster=ClusterSpec(workers=1))
    assert load_micromotion(target).coefficients.shape[0] == 3
    assert target.with_suffix(".png").is_file() and (tmp_path / "turn-loss.svg").is_file()
    told = [event for event in read_events(tmp_path / "log.jsonl") if event.get("phase") == "anchors turn"]
    counts = [event["done"] for event in told]
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == told[-1]["total"] == 6
    assert any(0 < event["done"] < 6 and re.fullmatch(r"loss \d\.\d+", event["detail"]) for event in told)


def test_the_command_line_hands_a_sentence_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        "pipeline.run.extract.run_extraction",
        lambda spec, output, events, **how: given.update(spec=spec, output=output, **how) or output,
    )
    target = tmp_path / "smile.safetensors"
    text = ["--text", "a person with {degree} smile", "--seeds", "3", "--output", str(target)]
    ended = CliRunner().invoke(app, ["extract", *text], catch_exceptions=False)
    assert ended.exit_code == 0 and given["output"] == target and given["model"] == "synthface"
    assert given["spec"].text == "a person with {degree} smile" and given["spec"].anchors.seeds == (1, 2, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["extract"], "a clip or --text with a prompt, found neither"),
        (["extract", "a.mp4", "--text", "{degree} smile"], "a clip or --text with a prompt, found both"),
        (["extract", "--text", "a smile"], "expected {degree} in the prompt"),
    ],
)
def test_extract_takes_a_clip_or_a_prompt(arguments: list[str], sentence: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert isinstance(ended.exception, UserError) and sentence in str(ended.exception)


@pytest.mark.parametrize(
    ("motion", "complaint"),
    [
        ({"text": "smile"}, r"motion\.text: expected \{degree\} in the prompt"),
        ({"text": "{degree} {x}"}, r"motion\.text: expected no braces"),
        ({"text": ""}, r"motion\.text: the prompt is empty"),
        ({"text": "{degree}", "anchors": {"degrees": ["no"]}}, r"motion\.anchors\.degrees: expected at least 2"),
        ({"text": "{degree}", "anchors": {"seeds": [1, 1]}}, r"motion\.anchors\.seeds: expected different"),
        ({"text": "{degree}", "anchors": {"layers": [4, 2]}}, r"motion\.anchors\.layers: expected \[first, last"),
        ({"text": "{degree}", "anchors": {"seeds": []}}, r"motion\.anchors\.seeds: expected at least 1"),
        ({"text": "{degree}", "anchors": {"step": 3}}, r"motion\.anchors\.step is not a field.*Did you mean steps"),
        ({"clip": "a.mp4", "anchors": {"steps": 3}}, r"motion: anchors are made from a text, and there is none"),
        ({"text": "{degree}", "max_anchors": 9}, r"motion: max_anchors says how a clip becomes .* made from a text"),
        ({"file": "a.pt", "max_anchors": 9}, r"motion: max_anchors says how a clip .* is ready in its file"),
        ({"file": "a.pt", "per_layer": True}, r"motion: per_layer says how a clip .* is ready in its file"),
        ({"text": "{degree}", "clip": "a.mp4"}, r"motion: expected one of clip, file, text; found clip and text"),
    ],
)
def test_a_sentence_that_cannot_be_used_is_told_before_anything_starts(job: Path, motion, complaint) -> None:
    job.write_text(yaml.safe_dump(yaml.safe_load(job.read_text()) | {"motion": motion}))
    with pytest.raises(JobError, match=complaint):
        load_job(job)


@pytest.mark.slow
def test_a_sentence_too_long_for_the_clip_is_told_before_anything_starts(job: Path) -> None:
    job.write_text(job.read_text().replace("smile", "very " * 80 + "smile"))
    with pytest.raises(TextError, match=r"at most 64 tokens.*found \d+.*fewer words"):
        check_job(load_job(job))


@pytest.mark.slow
def test_layers_that_the_generator_does_not_have_are_told_before_anything_starts(job: Path) -> None:
    with pytest.raises(JobError, match=r"motion\.text\.anchors\.layers: expected an end of at most 12.*found 13"):
        check_job(load_job(job, ["motion.anchors.layers=[0, 13]"]))


@pytest.mark.slow
def test_a_clip_that_is_not_there_is_told_before_anything_starts(job: Path) -> None:
    job.write_text(job.read_text() + "model: {generator: synthface, inverter: synthface, clip: ./nothing}\n")
    with pytest.raises(UserError, match="neither a folder nor a known model"):
        check_job(load_job(job))


def test_several_motions_may_be_sentences_and_clips(job: Path, repository: Path) -> None:
    content = yaml.safe_load(job.read_text())
    clip = str(repository / "weights/bundled/demo/smile.mp4")
    content["motion"] = {"wink": {"text": "{degree} closed eyes", "anchors": {"steps": 2}}, "grin": {"clip": clip}}
    job.write_text(yaml.safe_dump(content))
    loaded = load_job(job)
    assert loaded.motion["wink"].anchors.steps == 2 and loaded.motion["grin"].clip == clip
