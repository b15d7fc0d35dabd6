"""What is reserved and what was spent stays within the budgets."""

from __future__ import annotations

import pytest

from orchat.store import reservations
from orchat.store.reservations import BudgetLine, BudgetState, OverBudget
from tests.support.clock import START
from tests.support.pool import ONE_AT_A_TIME, Pool, granted, waiting

MIDNIGHT = 1_790_035_200.0


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
