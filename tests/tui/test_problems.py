"""What a card says of a problem, and which ways out it offers."""

from __future__ import annotations

import pytest

from orchat import errors
from orchat.domain.events import BudgetNear
from orchat.tui.problems import Problem, budget_near, problem_of, short_cause
from tests.support.clock import START
from tests.support.standing import PICO


@pytest.mark.parametrize(
    ("error", "aside", "first"),
    [
        (errors.KeyRejected("m", until=START + 600, key_label="old"), "old is put aside", "new_key"),
        (errors.KeyLimitReached("m", until=START + 600, next_label="b"), "work is put aside", "next_key"),
        (
            errors.CreditsExhausted("m", until=START + 600, scope="account", next_label="b"),
            "the account of work is put aside",
            "next_key",
        ),
        (
            errors.RateLimited("m", scope="free_day", resets_at=START + 600, next_label="b"),
            "free models of work are put aside",
            "next_key",
        ),
        (
            errors.RateLimited("m", scope="free_minute", resets_at=START + 600),
            "free models of work are put aside",
            "again_with",
        ),
        (
            errors.RateLimited("m", scope="in_flight", resets_at=START + 600, next_label="b"),
            "the account of work is put aside",
            "next_key",
        ),
    ],
)
def test_a_card_says_what_is_put_aside_and_which_key_is_next(error: errors.OrchatError, aside: str, first: str) -> None:
    problem = problem_of(error, now=START, key_label="work")
    assert problem.card(START).text == f"m\n{aside}, again in 10 min 00 s"
    assert problem.card(START + 600).text == "m\nit may be tried again now"
    assert problem.ways[0][0] == first and ("again", f"test {problem.held}, try again") in problem.ways


def test_what_put_nothing_aside_is_told_without() -> None:
    for error in (errors.KeyRejected("m"), errors.RateLimited("m", scope="upstream", resets_at=START + 1)):
        assert problem_of(error, now=START, key_label="work").held == ""


def test_a_hint_for_the_command_line_is_left_out_where_a_key_does_it() -> None:
    error = errors.KeyRejected("m", until=START, hint="`orchat keys test` asks the server now.")
    assert problem_of(error, now=START, key_label="work").hint == ""
    assert problem_of(errors.KeyRejected("m", until=START, hint="Look."), now=START, key_label="w").hint == "Look."
    unknown = errors.ModelUnknown("m", hint="Run `orchat models --search NAME` to find its id.")
    assert problem_of(unknown, now=START).hint == ""
    assert problem_of(unknown, now=START).ways
    damaged = errors.StoreDamaged("m", hint="Run `orchat doctor`.")
    assert not problem_of(damaged, now=START).ways
    assert problem_of(damaged, now=START).hint == "Run `orchat doctor`."


def test_the_ways_of_a_budget_are_typed_as_they_are_shown() -> None:
    error = errors.BudgetExceeded("m", limit_pico=PICO, affordable_tokens=2_666)
    card = problem_of(error, now=START).card(START)
    assert card.keys == (
        ("Enter", "send anyway"),
        ("/lower", "lower max tokens to 2,666 and resend"),
        ("^O", "other model"),
    )
    none_fit = problem_of(errors.BudgetExceeded("m", limit_pico=PICO), now=START)
    assert [way for way, _ in none_fit.ways] == ["over_budget", "again_with"]
    assert Problem(title="t", text="x", ways=(("keys", "keys"), ("over_budget", "o"), ("next_key", "n"))).card(
        START
    ).keys == (("Enter", "keys"), ("/anyway", "o"), ("/next", "n"))


def test_a_budget_that_is_near_says_what_may_come() -> None:
    near = BudgetNear(scope="day", spent_pico=PICO * 9 // 10, limit_pico=PICO, projected_pico=PICO // 5)
    assert budget_near(near) == (
        "Your budget for today is nearly used up: $0.90 of $1.00 is spent, and this answer may cost up to $0.20."
    )
    over = BudgetNear(scope="session", spent_pico=PICO, limit_pico=PICO)
    assert budget_near(over) == "Your budget for this session is used up: $1.00 of $1.00 is spent."


def test_causes_are_two_words() -> None:
    assert short_cause(errors.CreditsExhausted("m")) == "no credit left"
    assert short_cause(errors.RateLimited("m", scope="free_day")) == "daily limit"
