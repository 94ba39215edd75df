"""What the driver makes of its workers' signs; what workers tell is tested where they die."""

import time

import pytest

from pipeline.signs_of_life import Roll, Sign


def sign(worker: str, life: str, rows: tuple[str, ...] = (), count: int = 1, **others: object) -> Sign:
    state = "working" if rows else "idle"
    return Sign(worker, life, "node", 1, "Produce", **({"state": state, "rows": rows, "count": count} | others))  # type: ignore[arg-type]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_worker_that_was_started_again_is_one_worker(clock: list[float]) -> None:
    roll = Roll(10.0)
    first = sign("w", "a", ("anna",))
    roll.hear([first])
    clock[0] += 3
    for _ in range(3):  # the store still holds the first life's last sign
        roll.hear([first, sign("w", "b", ("ben",))])
    assert [one.life for one, _ in roll.alive()] == ["b"]
    assert not roll.ran_out_of_time("anna"), "it died over anna long before the limit"


def test_a_row_is_out_of_time_when_its_worker_says_so_or_was_silent_for_longer_than_the_limit(
    clock: list[float],
) -> None:
    roll = Roll(10.0)
    roll.hear(
        [sign("w", "a", ("anna",), state="timed out"), sign("v", "c", ("cleo", "dora")), sign("u", "e", ("eve",))]
    )
    assert roll.ran_out_of_time("anna") and not roll.ran_out_of_time("cleo")
    clock[0] += 15
    assert roll.ran_out_of_time("eve")
    assert not roll.ran_out_of_time("cleo"), "of two rows there is no telling which it was"
    roll.hear([sign("u", "f"), sign("v", "g")])
    assert roll.ran_out_of_time("eve"), "known still when the worker is back"
    assert not roll.ran_out_of_time("dora")


def test_a_worker_that_went_with_its_machine_did_not_die_over_its_row(clock: list[float]) -> None:
    roll = Roll(10.0)
    roll.hear([sign("w", "a", ("anna",), machine="up"), sign("v", "b", ("ben",), machine="gone")])
    clock[0] += 1
    roll.hear([sign("w", "c", ("cleo",), machine="up"), sign("v", "d", machine="up")])
    roll.machines = {"up"}
    assert roll.fell_with("anna") and roll.fell_with("cleo"), "had in hand by an earlier life, and by the last one"
    assert not roll.fell_with("ben") and not roll.fell_with("dora"), "its machine died, and nobody ever had it"


def test_only_workers_that_can_be_heard_are_at_work(clock: list[float]) -> None:
    roll = Roll()
    roll.hear([sign("w", "a", ("anna",)), sign("v", "b")])
    assert roll.at_work()
    clock[0] += 15
    roll.hear([sign("w", "a", ("anna",), count=2)])
    clock[0] += 15
    assert roll.at_work(), "it has repeated itself since"
    clock[0] += 15
    roll.hear([sign("w", "a", ("anna",), count=2)])
    assert not roll.at_work(), "the same sign again is no sign of life"
