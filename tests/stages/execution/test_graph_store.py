"""Converted graphs on disk: made once, whole or not there, never wrong."""

import multiprocessing
import os
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from stages.execution import graph_store
from stages.execution.graph_store import StoredGraph, stored_graph


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROMOTION_GRAPHS", str(tmp_path / "graphs"))
    return tmp_path / "graphs"


def refuse() -> bytes:
    raise AssertionError("it is converted again")


def test_a_graph_is_converted_once(folder: Path) -> None:
    assert stored_graph("a.graph", lambda: b"graph").content.tobytes() == b"graph"
    assert stored_graph("a.graph", refuse).content.tobytes() == b"graph"
    assert not list(folder.glob("*.part"))


def test_a_graph_is_the_same_after_its_pages_are_released(folder: Path) -> None:
    stored_graph("a.graph", lambda: b"graph" * 10_000)
    graph = stored_graph("a.graph", refuse)
    graph.release()
    assert graph.content.tobytes() == b"graph" * 10_000
    in_memory = StoredGraph(graph.content.copy())
    in_memory.release()
    assert in_memory.content.tobytes() == b"graph" * 10_000


def test_a_graph_may_be_written_and_its_file_is_not(folder: Path) -> None:
    stored_graph("a.graph", lambda: b"graph")
    stored_graph("a.graph", refuse).content[:] = 0
    assert stored_graph("a.graph", refuse).content.tobytes() == b"graph"


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 64])
def test_a_damaged_file_is_made_again(folder: Path, damage: bytes) -> None:
    stored_graph("a.graph", lambda: b"graph")
    (folder / "a.graph").write_bytes(damage)
    assert stored_graph("a.graph", lambda: b"again").content.tobytes() == b"again"
    assert stored_graph("a.graph", refuse).content.tobytes() == b"again"


def test_a_folder_that_cannot_be_written_costs_the_conversion_and_nothing_else(folder: Path) -> None:
    folder.write_text("a file stands where the folder would be")
    assert stored_graph("a.graph", lambda: b"graph").content.tobytes() == b"graph"


def test_a_failed_conversion_leaves_nothing(folder: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no such operation")

    with pytest.raises(RuntimeError, match="no such operation"):
        stored_graph("a.graph", fail)
    assert not list(folder.glob("*.graph"))


def test_the_graphs_used_last_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_store, "MOST_GRAPHS", 2)
    for number, name in enumerate(("a.graph", "b.graph", "c.graph")):
        stored_graph(name, lambda: b"graph")
        os.utime(folder / name, (number, number))
    stored_graph("d.graph", lambda: b"graph")
    assert sorted(path.name for path in folder.glob("*.graph")) == ["c.graph", "d.graph"]


def _convert_once(log: str, start: Barrier) -> None:
    def convert() -> bytes:
        with Path(log).open("a") as file:
            file.write("converted\n")
        return b"graph" * 1000

    start.wait()
    assert stored_graph("a.graph", convert).content.tobytes() == b"graph" * 1000


def test_workers_that_start_at_once_convert_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, log = context.Barrier(4), tmp_path / "log"
    workers = [context.Process(target=_convert_once, args=(str(log), start)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert log.read_text() == "converted\n"
