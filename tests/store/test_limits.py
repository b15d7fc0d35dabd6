"""Free requests of a minute, intervals and requests at the same time stay within their limits."""

from __future__ import annotations

from itertools import pairwise

from orchat.store import ledger, reports
from orchat.store.reports import Report
from orchat.store.reservations import Limits
from tests.support.clock import START
from tests.support.pool import FREE, ONE_AT_A_TIME, TWO_A_MINUTE, Pool, granted, waiting


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
