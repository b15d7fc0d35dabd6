"""Whoever waits is admitted in its turn, and the dead hold nobody up."""

from __future__ import annotations

from orchat.domain.scope import free_scope, key_scope
from orchat.store import ledger, reservations
from orchat.store.connection import Connection
from orchat.store.reservations import Limits
from tests.support.clock import START
from tests.support.pool import FREE, ONE_AT_A_TIME, PAID, TWO_A_MINUTE, Pool, granted, pool_on, waiting


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
