"""What the supervisor does after a death of the run, without a run; `tests/faults` kills real ones."""

from types import SimpleNamespace

import pytest

from pipeline import supervisor

KILLED, WITHOUT_A_WORD = (-9, None, False), (1, None, False)
Life = tuple[int, int | None, bool]


def lives(monkeypatch: pytest.MonkeyPatch, each: float, *ends: Life) -> list[list[str]]:
    """Let the run's lives last so many seconds and end so; the arguments of each, as they come."""
    given: list[list[str]] = []
    clock = iter(range(1000))

    def watched(arguments: list[str]) -> Life:
        given.append(list(arguments))
        return ends[len(given) - 1]

    monkeypatch.setattr(supervisor, "_watched", watched)
    monkeypatch.setattr(supervisor, "clear_dead_sessions", lambda: None)
    time = SimpleNamespace(sleep=lambda seconds: None, monotonic=lambda: each * next(clock))
    monkeypatch.setattr(supervisor, "time", time)
    return given


def test_three_deaths_soon_after_each_other_end_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = lives(monkeypatch, 599.0, KILLED, WITHOUT_A_WORD, KILLED)
    assert supervisor.supervise(["run", "job.yaml", "--fresh"]) == 1
    assert given == [["run", "job.yaml", "--fresh"], ["run", "job.yaml"], ["run", "job.yaml"]]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "killed by signal 9" in said[0] and "ended without a word" in said[1]
    assert "3 times in a row" in said[2] and "the same command goes on" in said[2]


def test_deaths_far_apart_never_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = lives(monkeypatch, 601.0, *[KILLED] * 5, (3, 3, False))
    assert supervisor.supervise(["run", "job.yaml"]) == 3
    assert len(given) == 6


def test_a_death_while_it_stops_is_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    given = lives(monkeypatch, 1.0, (-9, None, True))
    assert supervisor.supervise(["run", "job.yaml"]) == supervisor.INTERRUPTED
    assert len(given) == 1
