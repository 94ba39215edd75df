"""The ledger: what was appended is there, what is done is known, and damage costs only itself."""

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.output.ledger
from common.errors import OutputError
from pipeline.output.ledger import MERGE_PARTS, PART_SCHEMA, Ledger
from pipeline.output.lock import OutputLock
from pipeline.output.results import collect_results
from stages.base import Target


def row(id_: str, key: str = "k", status: str = "done", size: int = 3, **others: Any) -> dict[str, Any]:
    video = f"videos/{id_}.mp4" if status == "done" else ""
    return {
        "id": id_,
        "key": key,
        "status": status,
        "video": video,
        "bytes": size,
        "reason": "",
        "message": "",
    } | others


def film(output: Path, id_: str, size: int = 3) -> None:
    (output / "videos").mkdir(exist_ok=True)
    (output / f"videos/{id_}.mp4").write_bytes(b"x" * size)


def test_done_needs_the_row_and_the_whole_video(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.append([row("whole"), row("short"), row("gone"), row("failed", status="failed")])
    film(tmp_path, "whole")
    film(tmp_path, "short", size=2)
    film(tmp_path, "unknown")
    assert Ledger(tmp_path).done() == {Target("whole", "k")}


def test_a_later_key_overtakes_an_earlier_one_and_a_failure_does_not(tmp_path: Path) -> None:
    film(tmp_path, "a")
    film(tmp_path, "b")
    with Ledger.open(tmp_path) as ledger:
        ledger.append([row("a", "old"), row("b", "old")])
        ledger.append([row("a", "new"), row("b", "new", status="failed")])
    assert Ledger(tmp_path).done() == {Target("a", "new"), Target("b", "old")}


def test_failed_rows_are_known_by_reason_unless_their_picture_could_not_be_read(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.append([row("a", status="failed", reason="no_face"), row("b", "", status="failed")])
        ledger.append([row("c", status="failed", reason="no_face"), row("c")])
    assert Ledger(tmp_path).failed() == {Target("a", "k"): "no_face"}


steps = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from(["k1", "k2"]), st.sampled_from(["done", "failed"]), st.booleans()
    ),
    max_size=24,
)


@given(steps)
@pytest.mark.slow
def test_any_history_in_any_number_of_parts_is_read_as_if_kept_in_memory(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, str, bool]]
) -> None:
    output = tmp_path_factory.mktemp("output")
    expected_done: dict[str, str] = {}
    with Ledger.open(output) as ledger:
        for size, (id_, key, status, flush) in enumerate(history, start=1):
            if status == "done":
                film(output, id_, size)
                expected_done[id_] = key
            ledger.append([row(id_, key, status, size if status == "done" else 0)])
            if flush:
                ledger.flush()
    again = Ledger.open(output)
    assert again.rows().num_rows == len(history)
    assert again.done() == {Target(id_, key) for id_, key in expected_done.items()}
    last = {id_: (key, status) for id_, key, status, _ in history}
    assert set(again.failed()) == {Target(id_, key) for id_, (key, status) in last.items() if status == "failed"}


def test_torn_and_foreign_parts_cost_only_themselves(tmp_path: Path) -> None:
    film(tmp_path, "a")
    with Ledger.open(tmp_path) as ledger:
        ledger.append([row("a")])
        ledger.flush()
        ledger.append([row("b")])
    whole = sorted(ledger.folder.glob("part-*"))[1]
    whole.write_bytes(whole.read_bytes()[:-20])
    (ledger.folder / "part-0-empty.parquet").touch()
    (ledger.folder / "part-1-text.parquet").write_text("no parquet")
    with pytest.warns(UserWarning, match="not a whole Parquet file") as caught:
        assert Ledger(tmp_path).done() == {Target("a", "k")}
    assert len(caught) == 3


def test_damage_inside_a_part_costs_only_that_part(tmp_path: Path) -> None:
    film(tmp_path, "a")
    with Ledger.open(tmp_path) as ledger:
        ledger.append([row("a")])
        ledger.flush()
        ledger.append([row(f"b{index}", message=os.urandom(16).hex()) for index in range(200)])
    damaged = sorted(ledger.folder.glob("part-*"))[1]
    content = bytearray(damaged.read_bytes())
    content[4:2000] = bytes(1996)
    damaged.write_bytes(content)
    with pytest.warns(UserWarning, match="damaged"):
        assert Ledger(tmp_path).done() == {Target("a", "k")}


def test_a_part_of_an_older_version_lacks_columns_and_is_read(tmp_path: Path) -> None:
    film(tmp_path, "a")
    ledger = Ledger.open(tmp_path)
    old = pa.Table.from_pylist([{**row("a"), "time": 1.0}]).select(["id", "key", "status", "video", "bytes", "time"])
    pq.write_table(old, ledger.folder / "part-old.parquet")
    assert ledger.done() == {Target("a", "k")}


@pytest.mark.slow
def test_many_parts_become_one_and_say_the_same(tmp_path: Path) -> None:
    film(tmp_path, "r7")
    ledger = Ledger.open(tmp_path)
    for index in range(MERGE_PARTS - 1):
        ledger.append([row(f"r{index}")])
        ledger.flush()
    (ledger.folder / "part-torn.parquet").write_text("torn")
    with pytest.warns(UserWarning):
        before = Ledger(tmp_path).rows()
    with pytest.warns(UserWarning):
        reopened = Ledger.open(tmp_path)
    assert len(list(ledger.folder.glob("part-*"))) == 2
    with pytest.warns(UserWarning):
        assert reopened.rows() == before


@pytest.mark.slow
def test_a_long_run_merges_its_own_parts(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    for index in range(MERGE_PARTS + 5):
        ledger.append([row(f"r{index}")])
        ledger.flush()
    assert len(list(ledger.folder.glob("part-*"))) == 6
    assert ledger.rows()["id"].to_pylist() == [f"r{index}" for index in range(MERGE_PARTS + 5)]


def test_a_kill_between_merging_and_removing_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path, "r1")
    ledger = Ledger.open(tmp_path)
    for index in range(3):
        ledger.append([row(f"r{index}")])
        ledger.flush()
    done, failed = ledger.done(), ledger.failed()
    monkeypatch.setattr(pipeline.output.ledger, "_readable", lambda path: False)  # nothing is removed
    parts = sorted(ledger.folder.glob("part-*"))
    ledger._write(pa.concat_tables([pq.read_table(path, schema=PART_SCHEMA) for path in parts]))
    monkeypatch.undo()
    assert (ledger.done(), ledger.failed()) == (done, failed)
    assert ledger.rows().num_rows == 6


def append_until_killed(output: Path, told: Any) -> None:
    ledger = Ledger.open(output)
    index = 0
    while True:
        ledger.append([row(f"r{index}")])
        ledger.flush()
        told.send(index)
        index += 1


def test_what_was_flushed_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=append_until_killed, args=(tmp_path, theirs))
    process.start()
    last = -1
    while last < 20:
        last = ours.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while ours.poll():
        last = ours.recv()
    found = Ledger.open(tmp_path).rows()["id"].to_pylist()
    assert found[: last + 1] == [f"r{index}" for index in range(last + 1)]
    assert len(found) <= last + 2
    assert not list((tmp_path / "ledger").glob(".*"))


def test_rows_wait_no_longer_than_half_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(pipeline.output.ledger.time, "monotonic", lambda: now[0])
    ledger = Ledger.open(tmp_path)
    ledger.append([row("a")])
    ledger.append([row("b")])
    assert not list(ledger.folder.glob("part-*"))
    now[0] += 0.51
    ledger.flush_if_due()
    assert ledger.rows()["id"].to_pylist() == ["a", "b"]
    assert len(list(ledger.folder.glob("part-*"))) == 1


def test_a_second_run_on_one_output_is_refused_and_the_lock_dies_with_its_run(tmp_path: Path) -> None:
    refusal = pytest.raises(OutputError, match=f"in use by another run \\(process {os.getpid()} on [^\n]+\\)\\. Wait")
    with OutputLock(tmp_path), refusal, OutputLock(tmp_path):
        pass
    with OutputLock(tmp_path):
        pass


def test_a_lock_left_by_a_killed_run_is_none(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=hold_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with contextlib.ExitStack() as stack:
        stack.enter_context(OutputLock(tmp_path))


def hold_and_die(output: Path) -> None:
    with OutputLock(output):
        os.kill(os.getpid(), signal.SIGKILL)


def test_results_have_one_row_for_each_row_of_the_manifest_in_its_order(tmp_path: Path) -> None:
    manifest = pa.table(
        {
            "id": ["d", "a", "c", "b", "e"],
            "strength": [None, 2.0, None, None, 0.5],
            "frames": [1, 2, 3, 4, 5],
            "person": ["D", "A", "C", "B", "E"],
        }
    )
    with Ledger.open(tmp_path) as ledger:
        ledger.append(
            [row("a", "k1", frames=60, strength=2.0), row("b", "", status="failed", reason="unreadable_image")]
        )
        ledger.append([row("c", "old", frames=30, strength=1.0), row("stranger")])
    results = collect_results(manifest, ["gone", "k1", None, "", None], ledger.rows())
    assert results["id"].to_pylist() == ["d", "a", "c", "b", "e"]
    assert results["status"].to_pylist() == ["missing", "done", "done", "failed", "missing"]
    assert results["frames"].to_pylist() == [None, 60, 30, None, None]
    assert results["strength"].to_pylist() == [None, 2.0, 1.0, None, 0.5]
    assert results["manifest_frames"].to_pylist() == [1, 2, 3, 4, 5]
    assert results["person"].to_pylist() == ["D", "A", "C", "B", "E"]
    assert results["reason"].to_pylist() == ["", "", "", "unreadable_image", ""]
