from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat import errors
from orchat.dispatch.course import Course
from orchat.dispatch.policy import Decision, FallBack, Retry, Rules, Standing, Stop, decide
from orchat.domain.events import FellBack, Retrying
from orchat.domain.fold import Reply

RULES = Rules()
NOW = 1000.0


def longest(low: float, high: float) -> float:
    return high


def decision(error: errors.OrchatError, *, others: tuple[str, ...] = (), **standing: Any) -> Decision:
    where = Standing(**{"model": "a/b", "retries": 0, "elapsed_s": 0.0, "others": others, **standing})
    return decide(error, where, RULES, now=NOW, uniform=longest)


def upstream(**details: Any) -> errors.UpstreamFailed:
    return errors.UpstreamFailed("x", **{"status": 502, **details})


RETRYABLE = [
    errors.ConnectionFailed("x"),
    errors.TimedOut("x", stage="connect"),
    errors.TimedOut("x", stage="first_byte", body_started=True),
    upstream(),
    errors.RateLimited("x", scope="upstream", status=429),
    errors.RateLimited("x", scope="in_flight", status=402),
    errors.RateLimited("x", scope="free_minute", status=429),
]


@pytest.mark.parametrize("error", RETRYABLE, ids=lambda error: f"{error.kind}-{error.status}")
def test_what_may_pass_is_tried_again(error: errors.OrchatError) -> None:
    assert decision(error) == Retry(delay_s=0.5)


FINAL = [
    errors.BadRequest("x", status=400),
    errors.ContentRefused("x", status=403),
    errors.Unaffordable("x", status=402),
    errors.BudgetExceeded("x"),
    errors.KeyRejected("x", status=401),
    errors.CreditsExhausted("x", status=402),
    errors.KeyLimitReached("x", status=403),
    errors.StreamInterrupted("x", partial=Reply(), reason="cut"),
    errors.StoreBusy("x"),
]


@pytest.mark.parametrize("error", FINAL, ids=lambda error: error.kind)
def test_what_belongs_to_the_request_or_the_key_stops(error: errors.OrchatError) -> None:
    assert decision(error, others=("c/d",)) == Stop()


MODELS_FAULT = [
    errors.ModelUnknown("x", status=400),
    errors.NoEndpoints("x", status=404),
    errors.ContextTooLong("x", status=400),
    errors.NotAllowed("x", status=403),
    errors.CircuitOpen("x", until=NOW + 9),
]


@pytest.mark.parametrize("error", MODELS_FAULT, ids=lambda error: error.kind)
def test_what_belongs_to_the_model_goes_to_the_next_one_or_stops(error: errors.OrchatError) -> None:
    assert decision(error, others=("c/d", "e/f")) == FallBack(to_model="c/d")
    assert decision(error) == Stop()


def test_an_unsent_request_is_retried_three_times_a_sent_one_twice() -> None:
    unsent, sent = errors.ConnectionFailed("x"), upstream()
    assert isinstance(decision(unsent, retries=2), Retry)
    assert decision(unsent, retries=3) == Stop()
    assert isinstance(decision(sent, retries=1), Retry)
    assert decision(sent, retries=2) == Stop()


def test_after_the_retries_the_next_model_is_asked() -> None:
    assert decision(upstream(), retries=2, others=("c/d",)) == FallBack(to_model="c/d")


def test_a_failure_that_must_not_be_repeated_goes_straight_to_the_next_model() -> None:
    assert decision(upstream(retryable=False), others=("c/d",)) == FallBack(to_model="c/d")
    assert decision(upstream(retryable=False)) == Stop()


def test_no_retry_begins_after_a_minute() -> None:
    assert decision(upstream(), elapsed_s=59.4) == Retry(delay_s=0.5)
    assert decision(upstream(), elapsed_s=59.6) == Stop()


def test_a_wait_that_the_server_names_is_honoured_up_to_a_minute() -> None:
    assert decision(errors.RateLimited("x", scope="upstream", retry_after_s=60)) == Retry(delay_s=60)
    assert decision(errors.RateLimited("x", scope="upstream", retry_after_s=61)) == Stop()
    assert decision(upstream(retry_after_s=7)) == Retry(delay_s=7)
    assert decision(upstream(retry_after_s=61)) == Stop()


def test_a_limit_that_names_its_reset_is_waited_for() -> None:
    assert decision(errors.RateLimited("x", scope="free_minute", resets_at=NOW + 30)) == Retry(delay_s=30)
    assert decision(errors.RateLimited("x", scope="free_minute", resets_at=NOW - 5)) == Retry(delay_s=0)
    assert decision(errors.RateLimited("x", scope="free_minute", resets_at=NOW + 90)) == Stop()


def test_a_limited_model_gives_way_to_the_next_one() -> None:
    assert decision(errors.RateLimited("x", scope="upstream", retry_after_s=1), others=("c/d",)) == FallBack(
        to_model="c/d"
    )


def test_in_flight_limits_are_the_accounts_so_another_model_would_not_help() -> None:
    assert decision(errors.RateLimited("x", scope="in_flight", retry_after_s=3), others=("c/d",)) == Retry(delay_s=3)


@pytest.mark.parametrize("scope", ["free_day", "free_minute"])
def test_a_free_limit_is_only_avoided_by_a_paid_model(scope: str) -> None:
    error = errors.RateLimited("x", scope=scope, resets_at=NOW + 3600)
    assert decision(error, others=("c/d:free", "e/f")) == FallBack(to_model="e/f")
    assert decision(error, others=("c/d:free",)) == Stop()


def test_a_limit_is_not_waited_for_for_ever() -> None:
    assert decision(errors.RateLimited("x", scope="upstream", retry_after_s=1), retries=2) == Stop()


def course(*models: str) -> Course:
    return Course(models=list(models), began=0.0)


def step(where: Course, error: errors.OrchatError) -> Retrying | FellBack:
    return where.step(error, RULES, now=NOW, monotonic=0.0, uniform=longest)


def test_a_course_counts_retries_by_model_and_never_turns_back() -> None:
    where = course("a/b", "c/d", "e/f")
    error = upstream()
    assert step(where, error) == Retrying(error=error, delay_s=0.5)
    assert (where.model, where.retries, where.delay_s) == ("a/b", 1, 0.5)
    fell = step(where, errors.NoEndpoints("x"))
    assert isinstance(fell, FellBack)
    assert (fell.from_model, fell.to_model) == ("a/b", "c/d")
    assert (where.models, where.retries, where.delay_s) == (["c/d", "e/f"], 0, 0.0)


def test_the_last_failure_is_the_callers() -> None:
    with pytest.raises(errors.NoEndpoints):
        step(course("a/b"), errors.NoEndpoints("x"))


@given(st.lists(st.sampled_from([*RETRYABLE, *FINAL, *MODELS_FAULT]), min_size=40, max_size=60))
def test_every_course_ends(failures: list[errors.OrchatError]) -> None:
    """With three models and endless failures of any kind, at most a dozen attempts are made."""
    where = course("a/b", "c/d:free", "e/f")
    attempts = 0
    with pytest.raises(errors.OrchatError):
        for error in failures:
            attempts += 1
            step(where, error)
    assert attempts <= 12
