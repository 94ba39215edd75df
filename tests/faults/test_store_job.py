"""A whole job on an object store: the manifest, the images and the videos are at URIs of a real S3 server."""

from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from benchmarks.faults.audit import decoded_frames
from benchmarks.faults.job import write_fault_job
from common import storage
from common.errors import JobError, OutputError
from pipeline.cluster.sizing import Node
from pipeline.job.load import load_job
from pipeline.monitor.status import describe, read_status
from pipeline.output.event_log import EventLog
from pipeline.run.run import RunSummary, run_job
from tests.conftest import ObjectStore

ROWS, FRAMES = 4, 5


def run(path: Path, *overrides: str) -> RunSummary:
    with EventLog() as events:
        return run_job(load_job(path, ["cluster.workers=1", *overrides]), events)


@pytest.mark.slow
def test_a_job_whose_files_are_all_in_a_store_is_done_kept_and_mended(
    tmp_path: Path, object_store: ObjectStore, ray_nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = object_store.bucket("faces")
    job = write_fault_job(tmp_path, ROWS, rehearsal=True, frames=FRAMES)
    for file in [*tmp_path.glob("*.jpg"), *tmp_path.glob("*.png"), tmp_path / "faces.csv"]:
        storage.write_file(file, storage.join_uri(bucket, f"in/{file.name}"))
        file.unlink()
    places = [f"manifest={storage.join_uri(bucket, 'in/faces.csv')}", f"videos={storage.join_uri(bucket, 'out')}"]
    output = tmp_path / "out"

    ended = run(job, *places)
    assert (ended.done, ended.kept, ended.failed, ended.exit_code) == (ROWS, 0, 2, 3)
    results = pq.read_table(output / "results.parquet").to_pylist()
    videos = {f"row_{index:04}.mp4" for index in range(ROWS)}
    found = storage.sizes(storage.join_uri(bucket, "out"))
    assert found == {row["video"].rpartition("/")[2]: row["bytes"] for row in results if row["status"] == "done"}
    assert set(found) == videos
    assert [row["reason"] for row in results if row["status"] == "failed"] == ["no_face", "unreadable_image"]
    (tmp_path / "v.mp4").write_bytes(storage.read_bytes(storage.join_uri(bucket, "out/row_0000.mp4")))
    assert decoded_frames(tmp_path / "v.mp4") == FRAMES
    assert not (output / "videos").exists()

    # What a killed run was sending is cleared away in time, what stands is kept, what is gone is made again.
    storage.write_file(tmp_path / "v.mp4", storage.join_uri(bucket, "out/row_0000.mp4.abcd.part"))
    monkeypatch.setattr("pipeline.output.folder.STALE_UPLOAD_SECONDS", 0.0)
    storage.remove(storage.join_uri(bucket, "out/row_0001.mp4"))
    ended = run(job, *places)
    assert (ended.done, ended.kept, ended.failed) == (1, ROWS - 1, 2)
    assert set(storage.sizes(storage.join_uri(bucket, "out"))) == videos

    # No file that is shown around holds the keys, and who tries to go on from one is told.
    for file in (path for path in output.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for secret in (object_store.secret, quote(object_store.secret, safe=""), object_store.key):
            assert secret.encode() not in content, f"{file.name} holds {secret}"
    with pytest.raises(JobError, match="were hidden when the run wrote its job.yaml"):
        load_job(output / "job.yaml")
    assert f"finished videos: {ROWS} of {ROWS + 2}" in "\n".join(describe(read_status(output)))


@pytest.mark.slow
def test_a_store_that_cannot_be_written_ends_the_run_before_it_begins(
    tmp_path: Path, object_store: ObjectStore
) -> None:
    job = write_fault_job(tmp_path, ROWS, rehearsal=True, frames=FRAMES)
    nowhere = object_store.bucket("known").replace("@known", "@unknown")
    with pytest.raises(OutputError, match=r"unknown/out\S* cannot be (written|listed): there is no such bucket"):
        run(job, f"videos={storage.join_uri(nowhere, 'out')}")
