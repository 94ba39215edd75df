"""A secret in every input of a job is in no file of its output, and in nothing that is printed."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks.faults.job import FACES
from common import storage
from common.redaction import environment_credentials
from pipeline.cluster.sizing import Node
from pipeline.output.event_log import read_events
from stages.motion.micromotion import Micromotion
from tests.conftest import ObjectStore
from tests.pipeline.cli.command_line import call

PASSWORD, SIGNATURE, TOKEN = "Pa55-of-anna", "S1gnature-of-mine", "T0ken-of-mine"
ENVIRONMENT = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "HF_TOKEN": "hf_AbCdEfGhIjKlMnOpQrSt"}
NOWHERE = "127.0.0.1:9"  # nobody listens at the port of "discard"


ADDRESS = f"https://anna:{PASSWORD}@{NOWHERE}/a.jpg?X-Amz-Signature={SIGNATURE}&token={TOKEN}"


def write_inputs(folder: Path, store: ObjectStore, motion: Micromotion) -> tuple[Path, list[str]]:
    """A job with secrets wherever it may have text, and all of them."""
    bucket = store.bucket("secrets")
    face = next(FACES.glob("*.jpg"))
    storage.write_file(face, storage.join_uri(bucket, face.name))
    rows = [
        {"id": "stands", "image": face.name, "page": ADDRESS, "note": f"asked with {ENVIRONMENT['HF_TOKEN']}"},
        {"id": "away", "image": storage.join_uri(bucket, "nobody.jpg"), "page": "", "note": ""},
        {"id": "signed", "image": ADDRESS, "page": "", "note": ""},
        {"id": "named", "image": f"{ENVIRONMENT['AWS_SECRET_ACCESS_KEY']}.jpg", "page": "", "note": ""},
        {"id": "long", "image": f"s3://{store.key}:{PASSWORD * 30}@{'b' * 40}/x.jpg", "page": "", "note": ""},
    ]
    with (folder / "faces.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    storage.write_file(folder / "faces.csv", storage.join_uri(bucket, "faces.csv"))
    Micromotion(**{**vars(motion), "source": f"a clip from {ADDRESS}"}).save(folder / "motion.safetensors")
    job = {
        "motion": {"file": "motion.safetensors"},
        "manifest": storage.join_uri(bucket, "faces.csv"),
        "videos": storage.join_uri(bucket, "out"),
        "network": True,
        "iterations": 1,
        "video": {"frames": 2, "measured_frames": 2},
        "cluster": {"fetch_timeout": 2, "workers": 1},
        "output": str(folder / "out"),
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(job), encoding="utf-8")
    return folder / "job.yaml", [store.key, store.secret, PASSWORD, SIGNATURE, TOKEN, *ENVIRONMENT.values()]


def held_by(path: Path, secrets: list[str]) -> list[str]:
    """Which secrets a file holds, in its bytes or, where a table packs them, in its cells."""
    data = path.read_bytes()
    text = data.decode("utf-8", "replace") + (
        repr(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else ""
    )
    return [secret for secret in secrets if secret in text or storage.quote(secret, safe="") in text]


@pytest.mark.slow
def test_a_secret_in_any_input_is_in_no_file_of_the_output_and_is_never_printed(
    tmp_path: Path,
    object_store: ObjectStore,
    a_motion: Micromotion,
    ray_nodes: list[Node],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    job, secrets = write_inputs(tmp_path, object_store, a_motion)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    environment_credentials.cache_clear()
    request.addfinalizer(environment_credentials.cache_clear)
    output = tmp_path / "out"
    monkeypatch.setattr("pipeline.report.html.describe_motions", lambda *given: fail(secrets))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    assert call(monkeypatch, "plan", job) in (0, 2)
    assert call(monkeypatch, "run", job) == 3
    assert call(monkeypatch, "status", output) == 0
    assert call(monkeypatch, "report", output) == 0
    assert call(monkeypatch, "retry", output) == 2, "its job.yaml holds no credentials"
    assert call(monkeypatch, "run", job, ADDRESS) == 2, "more than it takes"
    printed = "".join(capfd.readouterr())
    assert [secret for secret in secrets if secret in printed] == []

    files = [path for path in [*output.rglob("*"), *(tmp_path / "temporary").rglob("*")] if path.is_file()]
    assert {"log.jsonl", "job.yaml", "results.parquet", "report.html"} <= {path.name for path in files}
    assert {path.name: held for path in files if (held := held_by(path, secrets))} == {}
    rows = pq.read_table(output / "results.parquet").to_pylist()
    assert [row["status"] for row in rows] == ["done", *["failed"] * 4]
    assert all("***" in row["message"] for row in rows[1:]), "what is hidden is seen to be"
    assert sum("***" in str(event.get("message")) for event in read_events(output / "log.jsonl")) >= 4


def fail(secrets: list[str]) -> None:
    """What a library says with all that it knows."""
    raise ValueError(f"cannot: https://{secrets[0]}:{PASSWORD}@{NOWHERE}/?sig={SIGNATURE}&{TOKEN}, {secrets[-1]}")
