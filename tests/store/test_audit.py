"""A ledger in order has no faults, and each kind of fault is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from orchat.domain.ledger import Settlement
from orchat.domain.money import Cost, Usage
from orchat.store import ledger
from orchat.store.connection import Connection
from tests.support.clock import START
from tests.support.pool import Pool, granted, pool_on
from tests.support.store import raw


@pytest.fixture
def pool(connection: Connection) -> Iterator[Pool]:
    """A ledger with a row of every sort, all in order."""
    with pool_on(connection) as made:
        for settlement in (
            Settlement(outcome="done", generation_id="gen-1", usage=Usage(), cost=Cost(pico=5, source="reported")),
            Settlement(outcome="cut", cost=Cost(pico=5, source="estimated")),
            Settlement(outcome="failed", cost=Cost(pico=0, source="estimated"), status=502),
            Settlement(outcome="cached", generation_id="gen-1", cost=Cost(pico=0, source="reported")),
            Settlement(outcome="lost"),
        ):
            ledger.settle(connection, granted(made.ask(START, projected=7)).row, settlement)
        made.ask(START, projected=7)
        yield made


def test_a_ledger_in_order_has_no_faults(pool: Pool) -> None:
    assert ledger.drift(pool.connection) == []


def test_an_empty_ledger_has_no_faults(connection: Connection) -> None:
    assert ledger.drift(connection) == []


@pytest.mark.parametrize("second", [0, 0.9999, 86_399.9999])
def test_every_moment_belongs_to_one_day(connection: Connection, second: float) -> None:
    with pool_on(connection) as pool:
        pool.ask(1_790_035_200 + second)
        assert ledger.drift(connection) == []


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("cost_pico = -5 WHERE id = 1", "cost or tokens below zero: 1 (first: row 1)"),
        ("prompt_tokens = -5 WHERE id = 2", "cost or tokens below zero: 1 (first: row 2)"),
        ("reserved_pico = 5 WHERE outcome = 'done'", "settled and still reserved: 1 (first: row 1)"),
        ("cost_pico = 5, cost_source = 'reported' WHERE outcome = 'open'", "open and already charged: 1"),
        ("cost_pico = NULL WHERE id = 1", "a cost that nobody named, or a name without a cost: 1"),
        ("cost_source = 'unknown' WHERE id <= 2", "a cost that nobody named, or a name without a cost: 2"),
        ("day = '2026-09-22' WHERE id = 3", "noted on the wrong day: 1 (first: row 3)"),
        ("generation_id = 'gen-1' WHERE id = 2", "one answer counted twice: 2 (first: row 1)"),
        ("owner = 'nobody' WHERE outcome = 'open'", "open, and its process is gone: 1 (owner nobody)"),
    ],
)
def test_what_is_wrong_is_named(pool: Pool, damage: str, fault: str) -> None:
    pool.connection.execute(f"UPDATE attempts SET {damage}")
    (found,) = ledger.drift(pool.connection)
    assert found.startswith(fault)


def test_an_index_that_does_not_say_what_the_rows_say_is_found(pool: Pool) -> None:
    """A row is changed while the index is hidden from SQLite, as damage to the file would change it."""
    index = "name = 'attempts_by_day'"
    with altering(pool.connection.path) as stranger:
        stranger.execute(f"CREATE TABLE hidden AS SELECT * FROM sqlite_master WHERE {index}")
        stranger.execute(f"DELETE FROM sqlite_master WHERE {index}")
    with altering(pool.connection.path) as stranger:
        stranger.execute("UPDATE attempts SET cost_pico = 6 WHERE id = 1")
        stranger.execute("INSERT INTO sqlite_master SELECT * FROM hidden")
    assert ledger.drift(pool.connection) == ["the sums of the index attempts_by_day are not those of the rows"]


@contextmanager
def altering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may change the schema under the eyes of all others."""
    with closing(raw(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        yield connection
        connection.execute(f"PRAGMA schema_version = {version + 10}")
