"""A request is admitted in the transaction that opens its row, unless something is put aside or limits forbid it."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.scope import account_scope, free_scope, key_scope, model_scope
from orchat.store import holds, ledger, reports, reservations
from orchat.store.reports import Report
from orchat.store.reservations import Held, Limits, Waiting
from tests.support.clock import START
from tests.support.pool import FREE, ONE_AT_A_TIME, PAID, Pool, granted, hold, pool_on, waiting
from tests.support.store import connected


def test_the_row_is_open_when_the_request_is_admitted(pool: Pool) -> None:
    outcome = granted(pool.ask(START + 5, projected=700))
    (entry,) = ledger.last_attempts(pool.connection)
    assert (entry.id, entry.settlement.outcome) == (outcome.row, "open")
    assert (entry.attempt.started_at, entry.attempt.account, entry.attempt.projected_pico) == (START + 5, "f", 700)


def test_an_account_that_was_learnt_meanwhile_is_written_down(pool: Pool) -> None:
    reports.put(pool.connection, Report(fingerprint="f", at=START, account="acme"))
    pool.ask(START, account="f")
    pool.ask(START)
    pool.ask(START, account="given")
    assert [entry.attempt.account for entry in ledger.last_attempts(pool.connection)] == ["given", "acme", "acme"]


def test_a_transaction_that_fails_reserves_nothing(pool: Pool) -> None:
    pool.connection.execute("BEGIN IMMEDIATE")
    pool.ask(START, projected=700)
    pool.connection.rollback()
    assert ledger.last_attempts(pool.connection) == []
    assert ledger.spent(pool.connection) == 0


@pytest.mark.parametrize("scope", [key_scope("f"), account_scope("f"), free_scope("f")])
def test_what_is_put_aside_is_not_asked(pool: Pool, scope: str) -> None:
    hold(pool.connection, scope, START + 60)
    outcome = pool.ask(START, model=FREE)
    assert isinstance(outcome, Held)
    assert outcome.hold.scope == scope
    assert pool.open_rows() == 0
    granted(pool.ask(START + 60, model=FREE))


def test_only_free_models_care_about_a_hold_of_free_models(pool: Pool) -> None:
    hold(pool.connection, free_scope("f"))
    hold(pool.connection, model_scope(PAID))
    granted(pool.ask(START, model=PAID))


def test_the_hold_that_lasts_longest_is_told(pool: Pool) -> None:
    hold(pool.connection, account_scope("f"))
    hold(pool.connection, key_scope("f"), START + 60)
    outcome = pool.ask(START)
    assert isinstance(outcome, Held)
    assert outcome.hold.scope == account_scope("f")


def test_a_request_whose_key_is_put_aside_while_it_waits_leaves_the_queue(pool: Pool) -> None:
    granted(pool.ask(START, ONE_AT_A_TIME))
    wait = waiting(pool.ask(START, ONE_AT_A_TIME))
    hold(pool.connection, key_scope("f"))
    assert isinstance(pool.ask(START, ONE_AT_A_TIME, ticket=wait.ticket), Held)
    assert pool.queued() == []


def test_the_last_key_may_insist(pool: Pool) -> None:
    hold(pool.connection, key_scope("f"))
    granted(pool.ask(START, insists=True))
    hold(pool.connection, account_scope("f"), START + 5, holds.IN_FLIGHT)
    assert waiting(pool.ask(START, insists=True)).seconds == 5


def test_too_much_in_flight_is_waited_for_in_order(pool: Pool) -> None:
    hold(pool.connection, account_scope("f"), START + 5, holds.IN_FLIGHT)
    first, second = (waiting(pool.ask(START)) for _ in range(2))
    assert [(wait.seconds, wait.reason, wait.ahead) for wait in (first, second)] == [
        (5, "it was said so", 0),
        (5, "it was said so", 1),
    ]
    held_back = waiting(pool.ask(START + 5, ticket=second.ticket))
    assert (held_back.ahead, held_back.seconds) == (1, 0.1)
    granted(pool.ask(START + 5, ticket=first.ticket))
    granted(pool.ask(START + 5, ticket=second.ticket))


def test_too_much_in_flight_without_a_time_is_asked_about_soon(pool: Pool) -> None:
    hold(pool.connection, account_scope("f"), None, holds.IN_FLIGHT)
    assert waiting(pool.ask(START)).seconds == 0.5


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(1, 4),
    interval=st.sampled_from([0.0, 0.7, 13.0]),
    steps=st.lists(st.floats(0, 30), min_size=1, max_size=40),
)
def test_whoever_waits_as_told_is_admitted_and_no_minute_holds_too_many(
    limit: int, interval: float, steps: list[float]
) -> None:
    limits = Limits(free_per_minute=limit, min_interval_s=interval)
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection, pool_on(connection) as pool:
        now, admitted, ticket = START, [], None
        for step in steps:
            now += step
            outcome = pool.ask(now, limits, model=FREE)
            for _ in range(3):
                if isinstance(outcome, Waiting):
                    assert 0 < outcome.seconds <= 60
                    now, ticket = now + outcome.seconds, outcome.ticket
                    outcome = pool.ask(now, limits, model=FREE, ticket=ticket)
            granted(outcome)
            admitted.append(now)
        for index, start in enumerate(admitted):
            assert sum(start <= at < start + 60 for at in admitted[index:]) <= limit
        assert all(later - earlier >= interval - 1e-6 for earlier, later in pairwise(admitted))


actions = st.lists(
    st.tuples(st.sampled_from(["ask", "ask again", "settle", "withdraw"]), st.integers(0, 30)),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(actions=actions, cap=st.integers(1, 3))
def test_in_any_course_of_events_nobody_overtakes_and_no_cap_is_passed(
    actions: list[tuple[str, int]], cap: int
) -> None:
    limits = Limits(max_in_flight=cap)
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder)) as connection, pool_on(connection) as pool:
        now, line, running = START, list[int](), list[reservations.Granted]()
        for what, which in actions:
            now += 0.01
            if what == "settle" and running:
                pool.settle(running.pop(which % len(running)))
            elif what == "withdraw" and line:
                reservations.withdraw(connection, line.pop(which % len(line)))
            elif what.startswith("ask"):
                place = which % len(line) if what == "ask again" and line else None
                outcome = pool.ask(now, limits, ticket=None if place is None else line[place])
                before = len(line) if place is None else place
                may_go = before == 0 and len(running) < cap
                assert isinstance(outcome, reservations.Granted) == may_go
                if isinstance(outcome, reservations.Granted):
                    running.append(outcome)
                    if place is not None:
                        line.pop(place)
                else:
                    assert waiting(outcome).ahead == before
                    if place is None:
                        line.append(waiting(outcome).ticket)
            assert pool.open_rows() == len(running) <= cap
            assert [ticket for ticket, _ in pool.queued()] == line
