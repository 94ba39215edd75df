"""The command line as people use it: the bundled models, a real run in another process, and its end."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from pipeline.monitor.status import describe, read_status
from pipeline.output.event_log import read_events
from pipeline.run.signals import SAME_SECONDS
from stages.models import tensor_to_images
from stages.motion.micromotion import Micromotion
from tests.pipeline.cli import command_line
from weights.load_networks import load_generator

pytestmark = pytest.mark.slow
PATIENCE = 300


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces of the bundled generator, one image without a face, and a ready-made motion."""
    folder = tmp_path_factory.mktemp("job")
    generator = load_generator("synthface")
    with torch.inference_mode():
        z = torch.randn(2, 512, generator=torch.Generator().manual_seed(0))
        codes = generator.map(z, truncation=0.3)  # (2, L, 512)
        faces = tensor_to_images(generator.synthesize(codes)).numpy()  # (2, H, W, 3)
    for name, face in zip(("anna", "ben"), faces, strict=True):
        Image.fromarray(face).resize((256, 256)).save(folder / f"{name}.png")
    Image.new("RGB", (256, 256), "grey").save(folder / "wall.png")
    direction = codes[1] - codes[0]  # (L, 512)
    length = direction.norm()
    Micromotion(
        direction=direction,
        basis=direction[None] / length,
        coefficients=torch.tensor([[0.0], [float(length)]]),
        neutral=codes[0],
        source="one face to the other",
        generator=generator.fingerprint,
        explained=1.0,
        fps=0.0,
    ).save(folder / "motion.safetensors")
    (folder / "faces.csv").write_text("id,image\nanna,anna.png\nwall,wall.png\nben,ben.png\n")
    path = folder / "smile.yaml"
    # One render worker: these runs have few videos, and a worker takes longer to start than they do.
    path.write_text(
        "motion: {file: motion.safetensors}\nmanifest: faces.csv\nvideo: {frames: 6, measured_frames: 3}\n"
        "cluster: {workers: 1}\noutput: out\n"
    )
    return path


def start(repository: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "run_batch.py", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        cwd=repository,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(repository: Path, *arguments: object) -> tuple[int, str]:
    """Exit code and what was printed."""
    with start(repository, *arguments) as process:
        printed, complaints = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in complaints
    return process.returncode, printed


def test_a_run_its_repetition_a_retry_and_what_they_say(
    job: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    output = job.parent / "out"

    code, said = call(repository, "run", job)
    assert code == 3
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", said)
    assert "failed: wall (no_face)" in said
    assert f"2 videos made, in {output}/videos" in said
    assert "1 row failed: 1 no_face" in said
    assert said.splitlines()[-1] == f"open {output}/report.html"
    assert pq.read_table(output / "results.parquet")["status"].to_pylist() == ["done", "failed", "done"]
    assert {path.name for path in (output / "videos").iterdir()} == {"anna.mp4", "ben.mp4"}
    page = (output / "report.html").read_text()
    assert page.count("<video ") == page.count("--strip: url") == 2

    made = (output / "videos/anna.mp4").stat().st_mtime_ns
    assert command_line.call(monkeypatch, "run", job) == 3
    said = capfd.readouterr().out
    assert "0 videos made, 2 videos kept from before" in said
    assert (output / "videos/anna.mp4").stat().st_mtime_ns == made

    Image.open(job.parent / "anna.png").save(job.parent / "wall.png")
    assert command_line.call(monkeypatch, "retry", output, "--reason", "no_face") == 0
    said = capfd.readouterr().out
    assert "1 video made, 2 videos kept from before" in said

    assert command_line.call(monkeypatch, "status", output) == 0
    said = capfd.readouterr().out
    assert f"{job.stem}: finished" in said
    assert "finished videos: 3 of 3" in said


def test_an_interrupted_run_says_how_to_go_on_and_does(job: Path, repository: Path, tmp_path: Path) -> None:
    """Ctrl-C twice stops at once; the same command resumes, until SIGTERM, after which what is in hand is finished."""
    names = [f"{name}_{number}" for number in range(8) for name in ("anna", "ben")]
    lines = [f"{name},{name.split('_')[0]}.png" for name in names]
    (job.parent / "many.csv").write_text("\n".join(["id,image", *lines, ""]))
    output = tmp_path / "out"
    # Still images, of which workers are ready sooner; so many frames that each video takes seconds.
    changes = ("manifest=many.csv", "rehearsal=true", "video.frames=3000", "video.measured_frames=0")
    arguments = ("run", job, "--output", output, *(part for change in changes for part in ("--set", change)))

    with start(repository, *arguments) as process:
        wait_for_parts(output, process)
        assert "running for" in "\n".join(describe(read_status(output)))
        process.send_signal(signal.SIGINT)
        wait_for_word(output, "stopping: ", process)
        time.sleep(SAME_SECONDS)  # within them it would count as the same key press
        assert process.poll() is None, "rows in hand are finished first"
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (130, "")
    assert "interrupted with " in said
    assert "\nto resume: " in said
    assert f" run_batch.py {shlex.join(map(str, arguments))}" in said
    assert "interrupted" in "\n".join(describe(read_status(output)))
    assert list((output / "videos").iterdir()) == [], "a second signal waits for nothing"

    with start(repository, *arguments) as process:
        begun = wait_for_parts(output, process)
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (130, "")
    results = pq.read_table(output / "results.parquet").to_pylist()
    done = {row["id"] for row in results if row["status"] == "done"}
    assert begun <= done < set(names)
    assert {path.name for path in (output / "videos").iterdir()} == {f"{id_}.mp4" for id_ in done}
    assert [row["id"] for row in results] == names
    assert (output / "report.html").is_file()


def wait_for_word(output: Path, start: str, process: subprocess.Popen[str]) -> None:
    """Wait until a run has warned of something."""
    until = time.monotonic() + PATIENCE
    while not any(event.get("message", "").startswith(start) for event in read_events(output / "log.jsonl")):
        assert process.poll() is None and time.monotonic() < until, f"it never said {start!r}"
        time.sleep(0.05)


def wait_for_parts(output: Path, process: subprocess.Popen[str]) -> set[str]:
    """Wait until a run is at a video; the ids of those that it is at."""
    until = time.monotonic() + PATIENCE
    while not (parts := list((output / "videos").glob("*.part"))):
        assert process.poll() is None and time.monotonic() < until, "no video was begun"
        time.sleep(0.05)
    return {part.name.split(".")[0] for part in parts}
