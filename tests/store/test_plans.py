"""Whatever runs before every attempt stays fast however long the ledger grows: nothing reads it from end to end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from orchat.domain.ledger import Settlement
from orchat.store import instances, ledger, lookups, reports
from orchat.store.connection import Connection
from orchat.store.reports import Report
from orchat.store.reservations import BudgetLine, BudgetScope, Limits
from tests.support.clock import START
from tests.support.pool import FREE, granted, pool_on

ALL_LIMITS = Limits(free_per_minute=1, min_interval_s=1, max_in_flight=1)
SCOPES: tuple[BudgetScope, ...] = ("day", "session", "key")
ALL_BUDGETS = tuple(BudgetLine(scope=scope, limit_pico=10**9) for scope in SCOPES)


@contextmanager
def statements(connection: Connection) -> Iterator[list[str]]:
    """Everything that SQLite runs meanwhile, with the values filled in."""
    run: list[str] = []
    connection.set_trace_callback(run.append)
    try:
        yield run
    finally:
        connection.set_trace_callback(None)


SMALL = "attempts_open|attempts_lookups|messages_streaming"
"""Indexes over the few rows that are not finished."""
SCAN = re.compile(rf"SCAN (attempts|messages)(?! USING (COVERING )?INDEX ({SMALL}))")


def scans(connection: Connection, run: list[str]) -> list[tuple[str, str]]:
    # What full-text search runs by itself shows up as a comment.
    own = [statement for statement in run if not statement.startswith("--")]
    plans = [
        (statement, step["detail"])
        for statement in own
        for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    return [(statement, detail) for statement, detail in plans if SCAN.match(detail)]


def admit(connection: Connection) -> None:
    with pool_on(connection) as pool:
        first = pool.ask(START, ALL_LIMITS, model=FREE, budgets=ALL_BUDGETS, projected=1)
        pool.ask(START, ALL_LIMITS, model=FREE, budgets=ALL_BUDGETS, projected=1)
        pool.ask(START, ALL_LIMITS, key="g", budgets=ALL_BUDGETS, projected=1)
        pool.ask(START, Limits(max_in_flight=1), budgets=ALL_BUDGETS, projected=1)
        ledger.settle(connection, granted(first).row, Settlement(outcome="done"))


def learn_the_account(connection: Connection) -> None:
    reports.put(connection, Report(fingerprint="f", at=START, account="acme"))


def look_up(connection: Connection) -> None:
    ledger.due_lookups(connection, START)
    ledger.note_lookup(connection, 1, None)
    lookups.waiting(connection)


def reap(connection: Connection) -> None:
    with pool_on(connection) as pool:
        pool.ask(START)
    instances.reap(connection)


def count(connection: Connection) -> None:
    ledger.requests_today(connection, "2026-09-21")
    ledger.usage_by_key(connection, "2026-09-21")
    ledger.free_today(connection, "f", "2026-09-21")
    ledger.in_last_minute(connection, "f", START)


@pytest.mark.parametrize("work", [admit, learn_the_account, look_up, reap, count])
def test_nothing_reads_the_whole_ledger(connection: Connection, work: Callable[[Connection], None]) -> None:
    with statements(connection) as run:
        work(connection)
    assert len(run) > 1
    assert scans(connection, run) == []


def test_a_scan_would_be_found(connection: Connection) -> None:
    assert scans(connection, ["SELECT * FROM attempts WHERE status = 1"])
