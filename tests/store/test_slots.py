"""No sixty seconds ever hold more requests than allowed."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.store import slots
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.store import connected


def test_slots_are_given_until_there_are_none(connection: Connection) -> None:
    waits = [slots.reserve(connection, "free", START + second, per_minute=2) for second in (0, 10, 20)]
    assert waits == [0, 0, 40]
    assert slots.reserve(connection, "free", START + 59.5, per_minute=2) == 0.5
    assert slots.reserve(connection, "free", START + 60, per_minute=2) == 0
    assert slots.reserve(connection, "free", START + 60, per_minute=2) == 10


def test_scopes_do_not_know_each_other(connection: Connection) -> None:
    assert slots.reserve(connection, "one", START, per_minute=1) == 0
    assert slots.reserve(connection, "two", START, per_minute=1) == 0
    assert slots.reserve(connection, "one", START, per_minute=1) == 60


def test_an_interval_is_kept(connection: Connection) -> None:
    assert slots.reserve(connection, "all", START, min_interval_s=2.5) == 0
    assert slots.reserve(connection, "all", START + 1, min_interval_s=2.5) == 1.5
    assert slots.reserve(connection, "all", START + 2.5, min_interval_s=2.5) == 0


def test_an_interval_longer_than_a_minute_is_kept_too(connection: Connection) -> None:
    assert slots.reserve(connection, "all", START, min_interval_s=300) == 0
    assert slots.reserve(connection, "all", START + 100, min_interval_s=300) == 200


def test_the_longer_wait_counts(connection: Connection) -> None:
    assert slots.reserve(connection, "s", START, 1, 5) == 0
    assert slots.reserve(connection, "s", START + 1, 1, 5) == 59
    assert slots.reserve(connection, "s", START + 1, 9, 5) == 4


def test_without_a_limit_there_is_no_wait(connection: Connection) -> None:
    assert [slots.reserve(connection, "s", START) for _ in range(5)] == [0] * 5


def test_a_slot_that_was_not_used_can_be_given_back(connection: Connection) -> None:
    slots.reserve(connection, "s", START, 1)
    slots.release(connection, "s", START)
    slots.release(connection, "s", START)
    assert slots.reserve(connection, "s", START, 1) == 0


def test_only_one_of_two_equal_slots_is_given_back(connection: Connection) -> None:
    slots.reserve(connection, "s", START, 2)
    slots.reserve(connection, "s", START, 2)
    slots.release(connection, "s", START)
    assert slots.reserve(connection, "s", START, 2) == 0
    assert slots.reserve(connection, "s", START, 2) > 0


def test_a_clock_that_is_set_back_does_not_block_for_long(connection: Connection) -> None:
    slots.reserve(connection, "s", START + 86_400, 1)
    assert slots.reserve(connection, "s", START, 1) == 0


def test_old_slots_are_forgotten(connection: Connection) -> None:
    for minute in range(5):
        slots.reserve(connection, "s", START + 61 * minute, 1)
    assert connection.execute("SELECT count(*) FROM slots").fetchone()[0] == 1


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 5),
    interval=st.sampled_from([0.0, 0.7, 13.0]),
    steps=st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_the_limit(limit: int, interval: float, steps: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection:
        now, granted = START, []
        for step in steps:
            now += step
            wait = slots.reserve(connection, "s", now, limit, interval)
            if wait:
                assert 0 < wait <= 60
                now += wait
                wait = slots.reserve(connection, "s", now, limit, interval)
            assert wait == 0, "whoever waits as long as told gets the slot"
            granted.append(now)
        for index, start in enumerate(granted):
            assert sum(start <= at < start + 60 for at in granted[index:]) <= limit
        assert all(later - earlier >= interval - 1e-6 for earlier, later in pairwise(granted))
