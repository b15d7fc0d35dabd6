"""Whose failure it is, and how long that one is left alone."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat import errors
from orchat.dispatch.blame import (
    KeyOwner,
    Owner,
    belongs_to,
    error_of,
    hold_for,
    hold_kind,
    key_owner,
    passes_soon,
    scope_of,
)
from orchat.domain.fold import Reply
from orchat.openrouter.failures import from_response
from orchat.store.holds import Hold
from orchat.store.reports import Report
from tests.support.clock import START

MINUTE, DAY = 60.0, 86_400.0
NOW = START
MIDNIGHT = datetime(2026, 9, 22, tzinfo=timezone.utc).timestamp()
MONDAY = datetime(2026, 9, 28, tzinfo=timezone.utc).timestamp()
OCTOBER = datetime(2026, 10, 1, tzinfo=timezone.utc).timestamp()


def hold(kind: str = "KeyRejected", *, scope: str = "key:k", times: int = 1, until: float | None = NOW) -> Hold:
    return Hold(scope=scope, kind=kind, reason="no", source="server", since=NOW - 60, until=until, times=times)


def report(limit_reset: str | None) -> Report:
    return Report(fingerprint="k", at=NOW, limit_reset=limit_reset)


def limited(scope: str, **details: float) -> errors.RateLimited:
    return errors.RateLimited("x", scope=scope, retry_after_s=details.get("after"), resets_at=details.get("at"))


OWNERS: list[tuple[errors.OrchatError, Owner]] = [
    (errors.KeyRejected("x"), "key"),
    (errors.KeyLimitReached("x"), "key"),
    (errors.CreditsExhausted("x"), "account"),
    (limited("in_flight"), "account"),
    (limited("free_day"), "free"),
    (limited("free_minute"), "free"),
    (limited("upstream"), "model"),
    (limited("capacity"), "model"),
    (limited("unknown"), "upstream"),
    (errors.ModelUnknown("x"), "model"),
    (errors.NoEndpoints("x"), "model"),
    (errors.NotAllowed("x"), "model"),
    (errors.CircuitOpen("x", until=1.0), "model"),
    (errors.ConnectionFailed("x"), "upstream"),
    (errors.TimedOut("x", stage="idle"), "upstream"),
    (errors.UpstreamFailed("x"), "upstream"),
    (errors.StreamInterrupted("x", partial=Reply(), reason="cut"), "upstream"),
    (errors.BadRequest("x"), "request"),
    (errors.ContextTooLong("x"), "request"),
    (errors.ContentRefused("x"), "request"),
    (errors.Unaffordable("x"), "request"),
    (errors.BudgetExceeded("x"), "request"),
    (errors.NoKeys("x"), "request"),
    (errors.KeyringUnavailable("x"), "request"),
    (errors.StoreBusy("x"), "request"),
    (errors.KeysError("put aside by hand", scope="account"), "account"),
    (errors.KeysError("put aside by hand", scope="of a newer orchat"), "key"),
]


@pytest.mark.parametrize(("error", "owner"), OWNERS, ids=lambda value: getattr(value, "kind", value))
def test_every_failure_belongs_to_someone(error: errors.OrchatError, owner: Owner) -> None:
    assert belongs_to(error) == owner
    assert key_owner(error) == (owner if owner in ("key", "account", "free") else None)


@given(status=st.integers(400, 599), message=st.text(max_size=80))
def test_a_server_that_names_no_key_is_never_held_against_one(status: int, message: str) -> None:
    error = from_response(
        status=status, headers={}, body=f'{{"error": {{"message": "no {message!a}"}}}}'.encode(), model="a/b", now=NOW
    )
    if status not in (401, 402, 403):
        assert key_owner(error) is None


def test_only_requests_in_flight_are_worth_a_wait_before_another_key() -> None:
    assert [error for error, _ in OWNERS if passes_soon(error)] == [OWNERS[3][0]]


@pytest.mark.parametrize(
    ("error", "before", "said", "until"),
    [
        (errors.KeyRejected("x"), None, None, NOW + 10 * MINUTE),
        (errors.KeyRejected("x"), hold(times=1), None, NOW + 20 * MINUTE),
        (errors.KeyRejected("x"), hold(times=2), None, NOW + 40 * MINUTE),
        (errors.KeyRejected("x"), hold(times=8), None, NOW + DAY),
        (errors.KeyRejected("x"), hold(times=10**9), None, NOW + DAY),
        (errors.KeyRejected("x"), hold("KeyLimitReached", times=3), None, NOW + 10 * MINUTE),
        (errors.CreditsExhausted("x"), None, None, NOW + 10 * MINUTE),
        (errors.CreditsExhausted("x"), hold("CreditsExhausted", times=5), None, NOW + 10 * MINUTE),
        (errors.KeyLimitReached("x"), None, None, NOW + DAY),
        (errors.KeyLimitReached("x"), None, report(None), NOW + DAY),
        (errors.KeyLimitReached("x"), None, report("yearly"), NOW + DAY),
        (errors.KeyLimitReached("x"), None, report("daily"), MIDNIGHT),
        (errors.KeyLimitReached("x"), None, report("weekly"), MONDAY),
        (errors.KeyLimitReached("x"), None, report("monthly"), OCTOBER),
        (limited("free_day", at=NOW + 99), None, None, NOW + 99),
        (limited("free_day"), None, None, MIDNIGHT),
        (limited("free_day", at=NOW - 1), None, None, MIDNIGHT),
        (limited("free_day", at=NOW + 99 * DAY), None, None, NOW + DAY),
        (limited("free_minute", at=NOW + 9), None, None, NOW + 9),
        (limited("free_minute"), None, None, NOW + MINUTE),
        (limited("in_flight", after=3), None, None, NOW + 3),
        (limited("in_flight"), None, None, NOW + 5),
        (limited("in_flight", after=9999), None, None, NOW + MINUTE),
    ],
)
def test_how_long_a_failure_is_held_against_its_owner(
    error: errors.OrchatError, before: Hold | None, said: Report | None, until: float
) -> None:
    assert hold_for(error, before, said, now=NOW) == until


@given(now=st.floats(0, 4e9), period=st.sampled_from(["daily", "weekly", "monthly", None]))
def test_a_limit_resets_in_the_future_at_midnight_and_within_its_period(now: float, period: str | None) -> None:
    until = hold_for(errors.KeyLimitReached("x"), None, report(period), now=now)
    longest = {"daily": 1, "weekly": 7, "monthly": 31, None: 1}[period]
    assert now < until <= now + longest * DAY
    assert period is None or until % DAY == 0


@pytest.mark.parametrize(
    ("owner", "scope"), [("key", "key:k"), ("account", "account:a"), ("free", "free:a")], ids=lambda value: value
)
def test_a_scope_is_that_of_the_owner(owner: KeyOwner, scope: str) -> None:
    assert scope_of(owner, fingerprint="k", account="a") == scope


@pytest.mark.parametrize(
    "error",
    [
        errors.KeyRejected("no"),
        errors.KeyLimitReached("no"),
        errors.CreditsExhausted("no", scope="account"),
        limited("free_day"),
        limited("free_minute"),
    ],
    ids=lambda error: hold_kind(error),
)
def test_a_hold_stands_for_the_failure_that_made_it(error: errors.OrchatError) -> None:
    owner = key_owner(error)
    assert owner is not None
    scope = scope_of(owner, fingerprint="k", account="a")
    again = error_of(hold(hold_kind(error), scope=scope, until=NOW + 5), key_label="work", model="a/b")
    assert (type(again), belongs_to(again), hold_kind(again)) == (type(error), owner, hold_kind(error))
    assert "orchat keys test" in (again.hint or "")
    assert (again.until if isinstance(again, errors.KeysError) else again.resets_at) == NOW + 5  # type: ignore[attr-defined]  # the other kind


def test_a_hold_of_another_kind_still_tells_what_it_holds() -> None:
    day = error_of(hold("RateLimited", scope="free:a"), key_label="work", model="a/b")
    assert isinstance(day, errors.RateLimited)
    assert (day.scope, day.model) == ("free_day", "a/b")
    owner = error_of(hold("KeysError", scope="account:a"), key_label="work", model="a/b")
    assert type(owner) is errors.KeysError
    assert (owner.scope, owner.key_label, owner.message) == ("account", "work", "no")
