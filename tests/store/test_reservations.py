"""A request is admitted within all limits and budgets, in its turn, in the transaction that opens its row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.scope import account_scope, free_scope, key_scope, model_scope
from orchat.store import holds, ledger, reports, reservations
from orchat.store.connection import Connection
from orchat.store.reports import Report
from orchat.store.reservations import BudgetLine, BudgetState, Held, Limits, OverBudget, Waiting
from tests.support.clock import START
from tests.support.pool import FREE, PAID, Pool, granted, pool_on, waiting
from tests.support.store import connected

MIDNIGHT = 1_790_035_200.0
TWO_A_MINUTE = Limits(free_per_minute=2)
ONE_AT_A_TIME = Limits(max_in_flight=1)


@pytest.fixture
def pool(connection: Connection) -> Iterator[Pool]:
    with pool_on(connection) as made:
        yield made


@pytest.fixture
def other(connection: Connection) -> Iterator[Pool]:
    """A second instance on the same database."""
    with pool_on(connection) as made:
        yield made


def hold(connection: Connection, scope: str, until: float | None = None, kind: str = "KeyRejected") -> None:
    holds.put(connection, scope, kind=kind, reason="it was said so", source="server", now=START, until=until)


# ---- the row ----


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


# ---- limits over time ----


def test_free_requests_are_admitted_until_the_minute_is_full(pool: Pool) -> None:
    granted(pool.ask(START, TWO_A_MINUTE, model=FREE))
    granted(pool.ask(START + 10, TWO_A_MINUTE, model=FREE))
    wait = waiting(pool.ask(START + 20, TWO_A_MINUTE, model=FREE))
    assert (wait.seconds, wait.ahead, wait.reason) == (40, 0, "free models: 2 requests a minute")
    assert waiting(pool.ask(START + 59.5, TWO_A_MINUTE, model=FREE, ticket=wait.ticket)).seconds == 0.5
    granted(pool.ask(START + 60, TWO_A_MINUTE, model=FREE, ticket=wait.ticket))
    assert pool.queued() == []
    assert ledger.in_last_minute(pool.connection, "f", START + 60) == 2


def test_the_router_of_free_models_is_one_of_them(pool: Pool) -> None:
    for _ in range(2):
        granted(pool.ask(START, TWO_A_MINUTE, model="openrouter/free"))
    waiting(pool.ask(START, TWO_A_MINUTE, model=FREE))


def test_keys_of_one_account_share_its_minute(pool: Pool) -> None:
    for fingerprint in ("f", "g"):
        reports.put(pool.connection, Report(fingerprint=fingerprint, at=START, account="acme"))
    granted(pool.ask(START, TWO_A_MINUTE, model=FREE, key="f"))
    granted(pool.ask(START, TWO_A_MINUTE, model=FREE, key="g"))
    waiting(pool.ask(START, TWO_A_MINUTE, model=FREE, key="g"))
    granted(pool.ask(START, TWO_A_MINUTE, model=FREE, key="of another account"))


def test_the_minute_of_a_key_goes_on_when_its_account_becomes_known(pool: Pool) -> None:
    for _ in range(2):
        granted(pool.ask(START, TWO_A_MINUTE, model=FREE))
    reports.put(pool.connection, Report(fingerprint="f", at=START, account="acme"))
    waiting(pool.ask(START + 1, TWO_A_MINUTE, model=FREE))


def test_answers_from_the_cache_use_up_no_limit(pool: Pool) -> None:
    for _ in range(3):
        outcome = granted(pool.ask(START, Limits(min_interval_s=0.001), model=FREE))
        pool.connection.execute("UPDATE attempts SET outcome = 'cached' WHERE id = ?", (outcome.row,))
    granted(pool.ask(START, TWO_A_MINUTE, model=FREE))


def test_an_interval_is_kept_between_two_requests_of_a_key(pool: Pool) -> None:
    limits = Limits(min_interval_s=2.5)
    granted(pool.ask(START, limits))
    wait = waiting(pool.ask(START + 1, limits))
    assert (wait.seconds, wait.reason) == (1.5, "2.5 s between requests")
    granted(pool.ask(START + 1, limits, key="g"))
    assert waiting(pool.ask(START + 1, limits)).seconds == 4
    granted(pool.ask(START + 2.5, limits, ticket=wait.ticket))


def test_an_interval_longer_than_a_minute_is_kept_too(pool: Pool) -> None:
    granted(pool.ask(START, Limits(min_interval_s=300)))
    assert waiting(pool.ask(START + 100, Limits(min_interval_s=300))).seconds == 200


def test_a_clock_that_is_set_back_does_not_block_for_long(pool: Pool) -> None:
    for key, limits in (("f", Limits(free_per_minute=1)), ("g", Limits(min_interval_s=2))):
        granted(pool.ask(START + 86_400, limits, model=FREE, key=key))
        granted(pool.ask(START, limits, model=FREE, key=key))


def test_a_ticket_from_before_the_clock_was_set_back_blocks_nobody(pool: Pool, other: Pool) -> None:
    running = pool.ask(START + 86_400, ONE_AT_A_TIME)
    waiting(other.ask(START + 86_400, ONE_AT_A_TIME))
    pool.settle(running)
    granted(pool.ask(START, ONE_AT_A_TIME))


# ---- in flight ----


def test_no_more_requests_of_a_key_run_than_allowed(pool: Pool, other: Pool) -> None:
    limits = Limits(max_in_flight=2)
    first = pool.ask(START, limits)
    granted(other.ask(START, limits))
    wait = waiting(pool.ask(START, limits))
    assert (wait.ahead, wait.reason) == (0, "at most 2 requests of this key at a time")
    assert 0 < wait.seconds <= 0.5
    granted(pool.ask(START, limits, key="g"))
    pool.settle(first)
    granted(pool.ask(START + 1, limits, ticket=wait.ticket))


def test_whoever_stands_further_back_asks_less_often(pool: Pool) -> None:
    granted(pool.ask(START, ONE_AT_A_TIME))
    waits = [waiting(pool.ask(START, ONE_AT_A_TIME)) for _ in range(20)]
    assert [wait.ahead for wait in waits] == list(range(20))
    assert all(0.05 <= early.seconds <= late.seconds <= 0.5 for early, late in pairwise(waits))
    assert waits[0].seconds < waits[-1].seconds


# ---- order ----


def test_requests_go_in_the_order_in_which_they_came(pool: Pool, other: Pool) -> None:
    running = pool.ask(START, ONE_AT_A_TIME)
    tickets = [waiting(who.ask(START, ONE_AT_A_TIME)).ticket for who in (pool, other, pool)]
    assert tickets == sorted(tickets)
    for first in range(3):
        pool.settle(running)
        for late in tickets[first + 1 :]:
            assert waiting(pool.ask(START, ONE_AT_A_TIME, ticket=late)).ahead == tickets.index(late) - first
        newcomer = waiting(pool.ask(START, ONE_AT_A_TIME))
        assert newcomer.ahead == 3 - first
        reservations.withdraw(pool.connection, newcomer.ticket)
        running = granted(pool.ask(START, ONE_AT_A_TIME, ticket=tickets[first]))


def test_a_minute_that_is_full_tells_each_when_its_own_turn_comes(pool: Pool) -> None:
    for second in (0, 10):
        granted(pool.ask(START + second, TWO_A_MINUTE, model=FREE))
    waits = [waiting(pool.ask(START + 20, TWO_A_MINUTE, model=FREE)) for _ in range(5)]
    assert [wait.seconds for wait in waits] == [40, 50, 100, 110, 160]


def test_a_free_slot_waits_for_whoever_is_first(pool: Pool) -> None:
    granted(pool.ask(START, Limits(free_per_minute=1), model=FREE))
    first = waiting(pool.ask(START, Limits(free_per_minute=1), model=FREE))
    wait = waiting(pool.ask(START + 60, TWO_A_MINUTE, model=FREE))
    assert (wait.ahead, wait.seconds) == (1, 0.1)
    granted(pool.ask(START + 60, TWO_A_MINUTE, model=FREE, ticket=first.ticket))
    granted(pool.ask(START + 60, TWO_A_MINUTE, model=FREE, ticket=wait.ticket))


def test_a_request_that_costs_never_waits_for_the_limits_of_free_ones(pool: Pool) -> None:
    limits = Limits(free_per_minute=1, max_in_flight=2)
    granted(pool.ask(START, limits, model=FREE))
    free = waiting(pool.ask(START, limits, model=FREE))
    assert pool.queued() == [(free.ticket, free_scope("f"))]
    paid = granted(pool.ask(START, limits, model=PAID))
    full = waiting(pool.ask(START, limits, model=PAID))
    again = waiting(pool.ask(START, limits, model=FREE, ticket=free.ticket))
    assert (full.ahead, again.ahead, again.seconds) == (0, 0, 60)
    pool.settle(paid)
    granted(pool.ask(START, limits, model=PAID, ticket=full.ticket))


def test_a_request_stands_in_the_queue_that_blocks_it_now(pool: Pool) -> None:
    limits = Limits(free_per_minute=1, max_in_flight=1)
    granted(pool.ask(START, limits, model=FREE))
    wait = waiting(pool.ask(START, limits, model=FREE))
    assert pool.queued() == [(wait.ticket, free_scope("f"))]
    assert waiting(pool.ask(START + 60, limits, model=FREE, ticket=wait.ticket)).ticket == wait.ticket
    assert pool.queued() == [(wait.ticket, key_scope("f"))]


def test_a_cancelled_request_gives_up_its_place(pool: Pool) -> None:
    running = pool.ask(START, ONE_AT_A_TIME)
    first, second = (waiting(pool.ask(START, ONE_AT_A_TIME)) for _ in range(2))
    reservations.withdraw(pool.connection, first.ticket)
    reservations.withdraw(pool.connection, None)
    pool.settle(running)
    granted(pool.ask(START, ONE_AT_A_TIME, ticket=second.ticket))


def test_whoever_does_not_ask_again_is_passed_over_and_keeps_its_place(pool: Pool) -> None:
    running = pool.ask(START, ONE_AT_A_TIME)
    stopped = waiting(pool.ask(START, ONE_AT_A_TIME))
    wait = waiting(pool.ask(START, ONE_AT_A_TIME))
    pool.settle(running)
    assert waiting(pool.ask(START + 9, ONE_AT_A_TIME, ticket=wait.ticket)).ahead == 1
    running = granted(pool.ask(START + 30, ONE_AT_A_TIME, ticket=wait.ticket))
    late = waiting(pool.ask(START + 30, ONE_AT_A_TIME))
    assert waiting(pool.ask(START + 31, ONE_AT_A_TIME, ticket=stopped.ticket)).ahead == 0
    assert waiting(pool.ask(START + 31, ONE_AT_A_TIME, ticket=late.ticket)).ahead == 1


def test_asking_again_writes_nothing_until_the_place_would_be_lost(pool: Pool) -> None:
    granted(pool.ask(START, ONE_AT_A_TIME))
    ticket = waiting(pool.ask(START, ONE_AT_A_TIME)).ticket
    before = pool.connection.total_changes
    pool.ask(START + 0.5, ONE_AT_A_TIME, ticket=ticket)
    assert pool.connection.total_changes == before
    pool.ask(START + 10, ONE_AT_A_TIME, ticket=ticket)
    assert waiting(pool.ask(START + 18, ONE_AT_A_TIME)).ahead == 1


# ---- the dead ----


def test_rows_and_tickets_of_the_dead_do_not_count(pool: Pool, connection: Connection) -> None:
    with pool_on(connection) as dead:
        row = granted(dead.ask(START, ONE_AT_A_TIME, projected=500)).row
        waiting(dead.ask(START, ONE_AT_A_TIME))
        wait = waiting(pool.ask(START, ONE_AT_A_TIME))
        assert wait.ahead == 1
    granted(pool.ask(START + 2, ONE_AT_A_TIME, ticket=wait.ticket))
    lost = next(entry for entry in ledger.last_attempts(connection) if entry.id == row)
    assert (lost.settlement.outcome, lost.settlement.cost.pico, lost.settlement.cost.source) == (
        "lost",
        500,
        "estimated",
    )
    assert pool.queued() == []


def test_the_dead_are_looked_for_once_a_second(pool: Pool, connection: Connection) -> None:
    with pool_on(connection) as dead:
        granted(dead.ask(START, ONE_AT_A_TIME))
        ticket = waiting(pool.ask(START, ONE_AT_A_TIME)).ticket
    waiting(pool.ask(START + 0.9, ONE_AT_A_TIME, ticket=ticket))
    granted(pool.ask(START + 1.1, ONE_AT_A_TIME, ticket=ticket))


def test_the_dead_are_looked_for_although_the_clock_was_set_back(pool: Pool, connection: Connection) -> None:
    with pool_on(connection) as dead:
        granted(dead.ask(START, ONE_AT_A_TIME))
        waiting(pool.ask(START, ONE_AT_A_TIME))
    granted(pool.ask(START - 86_400, ONE_AT_A_TIME))


# ---- holds ----


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


# ---- budgets ----


def day(limit: int) -> tuple[BudgetLine, ...]:
    return (BudgetLine(scope="day", limit_pico=limit),)


def test_what_others_have_reserved_counts(pool: Pool, other: Pool) -> None:
    granted(other.ask(START, projected=60))
    refused = pool.ask(START, projected=50, budgets=day(100))
    state = BudgetState(scope="day", limit_pico=100, spent_pico=60, projected_pico=50)
    assert refused == OverBudget(state=state)
    assert pool.open_rows() == 1
    granted(pool.ask(START, projected=40, budgets=day(100)))


def test_what_was_reserved_and_not_spent_is_free_again(pool: Pool) -> None:
    outcome = pool.ask(START, projected=100, budgets=day(100))
    assert isinstance(pool.ask(START, projected=1, budgets=day(100)), OverBudget)
    pool.settle(outcome, pico=30)
    granted(pool.ask(START, projected=70, budgets=day(100)))


def test_each_budget_has_its_own_extent(pool: Pool) -> None:
    for key, conversation, pico in (("f", "c", 1), ("g", "c", 10), ("f", "d", 100), ("g", None, 1000)):
        pool.settle(pool.ask(START, key=key, conversation=conversation), pico=pico)
    pool.settle(pool.ask(START - 86_400, key="f", conversation="c"), pico=10_000)
    scopes: tuple[reservations.BudgetScope, ...] = ("day", "session", "key")
    budgets = tuple(BudgetLine(scope=scope, limit_pico=1) for scope in scopes)
    outcome = granted(pool.ask(START, budgets=budgets, over_budget=True, projected=None))
    assert [(state.scope, state.spent_pico) for state in outcome.near] == [
        ("day", 1111),
        ("session", 10_011),
        ("key", 101),
    ]
    alone = granted(pool.ask(START, budgets=budgets[1:2], conversation=None, projected=1))
    assert [state.spent_pico for state in alone.near] == [0]


def test_a_new_day_begins_at_midnight_utc(pool: Pool) -> None:
    pool.settle(pool.ask(MIDNIGHT - 1, projected=90), pico=90)
    assert isinstance(pool.ask(MIDNIGHT - 0.001, projected=20, budgets=day(100)), OverBudget)
    granted(pool.ask(MIDNIGHT, projected=20, budgets=day(100)))


@pytest.mark.parametrize(("spent", "near"), [(29, False), (30, True), (50, True)])
def test_a_budget_warns_before_it_refuses(pool: Pool, spent: int, near: bool) -> None:
    pool.settle(pool.ask(START), pico=spent)
    outcome = granted(pool.ask(START, projected=50, budgets=day(100)))
    state = BudgetState(scope="day", limit_pico=100, spent_pico=spent, projected_pico=50)
    assert outcome.near == ((state,) if near else ())


def test_at_an_unknown_price_a_request_goes_while_anything_is_left(pool: Pool) -> None:
    pool.settle(pool.ask(START), pico=99)
    outcome = granted(pool.ask(START, projected=None, budgets=day(100)))
    assert [state.projected_pico for state in outcome.near] == [0]
    pool.settle(outcome, pico=1)
    assert isinstance(pool.ask(START, projected=None, budgets=day(100)), OverBudget)


def test_what_costs_nothing_is_sent_from_an_empty_budget(pool: Pool) -> None:
    pool.settle(pool.ask(START), pico=200)
    assert granted(pool.ask(START, projected=0, budgets=day(100))).near == ()


def test_its_owner_may_go_over_a_budget_and_is_told(pool: Pool) -> None:
    pool.settle(pool.ask(START), pico=200)
    outcome = granted(pool.ask(START, projected=50, budgets=day(100), over_budget=True))
    assert [state.spent_pico for state in outcome.near] == [200]


def test_a_request_whose_budget_is_used_up_while_it_waits_leaves_the_queue(pool: Pool) -> None:
    granted(pool.ask(START, ONE_AT_A_TIME, projected=60))
    wait = waiting(pool.ask(START, ONE_AT_A_TIME, projected=30, budgets=day(100)))
    granted(pool.ask(START, key="g", projected=30))
    assert isinstance(pool.ask(START, ONE_AT_A_TIME, projected=30, budgets=day(100), ticket=wait.ticket), OverBudget)
    assert pool.queued() == []


# ---- any order of events ----


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
