"""Whom does a failure belong to, and for how long is that one left alone? Pure: no clock, no database."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.errors import (
    CircuitOpen,
    ConnectionFailed,
    CreditsExhausted,
    KeyLimitReached,
    KeyRejected,
    KeysError,
    ModelUnknown,
    NoEndpoints,
    NotAllowed,
    OrchatError,
    RateLimited,
    StreamInterrupted,
    TimedOut,
    UpstreamFailed,
)

if TYPE_CHECKING:
    from orchat.store.holds import Hold
    from orchat.store.reports import Report

KeyOwner = Literal["key", "account", "free"]
"""Where another key may well serve; ``free`` is what an account may ask of free models."""
Owner = Literal[KeyOwner, "model", "request", "upstream"]
"""``upstream`` is everything behind the server's door."""

MINUTE_S = 60.0
DAY_S = 86_400.0
REJECTED_S = 10 * MINUTE_S
"""A refused key is tried again after this, then after twice as long, up to a day."""
CREDITS_S = 10 * MINUTE_S
"""Whoever buys credits does not want to wait for long."""
IN_FLIGHT_S = 5.0
"""Where the server does not say when the requests under way will be over."""

_OWNERS: tuple[tuple[tuple[type[OrchatError], ...], Owner], ...] = (
    ((KeyRejected, KeyLimitReached), "key"),
    ((CreditsExhausted,), "account"),
    ((ModelUnknown, NoEndpoints, NotAllowed, CircuitOpen), "model"),
    ((ConnectionFailed, TimedOut, UpstreamFailed, StreamInterrupted), "upstream"),
)
_KEY_OWNERS: dict[str, KeyOwner] = {"key": "key", "account": "account", "free": "free"}
_LIMITS: dict[str, Owner] = {
    "free_day": "free",
    "free_minute": "free",
    "in_flight": "account",
    "upstream": "model",
    "capacity": "model",
}
_KEY_ERRORS: dict[str, type[KeysError]] = {
    kind.__name__: kind for kind in (KeyRejected, CreditsExhausted, KeyLimitReached)
}


def belongs_to(error: OrchatError) -> Owner:
    """Whose failure it is.

    Args:
        error: What an attempt failed with.

    Returns:
        ``key``, ``account`` or ``free`` where another key may well serve; a limit that names nobody is ``upstream``,
        because it may as well be the address's own.
    """
    if isinstance(error, RateLimited):
        return _LIMITS.get(error.scope, "upstream")
    if type(error) is KeysError:
        return _KEY_OWNERS.get(error.scope, "key")
    return next((owner for kinds, owner in _OWNERS if isinstance(error, kinds)), "request")


def key_owner(error: OrchatError) -> KeyOwner | None:
    """Whose failure it is, where another key may well serve; None for all other failures.

    Args:
        error: What an attempt failed with.
    """
    return _KEY_OWNERS.get(belongs_to(error))


def passes_soon(error: OrchatError) -> bool:
    """Whether waiting a little mends it: then another key is not the first thing to try.

    Args:
        error: What an attempt failed with.
    """
    return isinstance(error, RateLimited) and error.scope == "in_flight"


def scope_of(owner: KeyOwner, *, fingerprint: str, account: str) -> str:
    """The scope that is put aside.

    Args:
        owner: From `key_owner`.
        fingerprint: Of the key that was used.
        account: The account behind it.
    """
    if owner == "key":
        return key_scope(fingerprint)
    return account_scope(account) if owner == "account" else free_scope(account)


def hold_kind(error: OrchatError) -> str:
    """What a hold for this failure is called: the limit's scope, else the error's class."""
    return error.scope if isinstance(error, RateLimited) else error.kind


def hold_for(error: OrchatError, before: Hold | None, report: Report | None, *, now: float) -> float:
    """How long to leave a key, an account or its free requests alone.

    Args:
        error: A failure that belongs to one of them.
        before: The hold that the same scope had until now, also when it is over but nothing served since.
        report: What the server last said of the key.
        now: Epoch seconds.

    Returns:
        Epoch seconds.
    """
    if isinstance(error, KeyRejected):
        doubled = 2.0 ** min(before.times, 10) if before is not None and before.kind == error.kind else 1.0
        return now + min(DAY_S, REJECTED_S * doubled)
    if isinstance(error, KeyLimitReached):
        return _next_reset(report.limit_reset if report is not None else None, now)
    if isinstance(error, RateLimited):
        return _limit_over(error, now)
    return now + CREDITS_S


def _limit_over(error: RateLimited, now: float) -> float:
    told = error.resets_at
    if told is None and error.retry_after_s is not None:
        told = now + error.retry_after_s
    if told is not None and told > now:
        return min(told, now + (DAY_S if error.scope == "free_day" else MINUTE_S))
    if error.scope == "free_day":
        return _next_reset("daily", now)
    return now + (IN_FLIGHT_S if error.scope == "in_flight" else MINUTE_S)


def _next_reset(period: str | None, now: float) -> float:
    """The next 00:00 UTC at which a period begins; a limit that never resets is looked at again after a day."""
    today = datetime.fromtimestamp(now, tz=timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "daily":
        return (today + timedelta(days=1)).timestamp()
    if period == "weekly":
        return (today + timedelta(days=7 - today.weekday())).timestamp()
    if period == "monthly":
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()
    return now + DAY_S


def error_of(hold: Hold, *, key_label: str, model: str) -> OrchatError:
    """The failure that a hold stands for, for a request that it keeps from being sent.

    Args:
        hold: An active one.
        key_label: Label of the key that would have paid.
        model: Model that would have been asked.
    """
    scope = hold.scope.partition(":")[0]
    if scope == "free":
        limit = hold.kind if hold.kind in _LIMITS else "free_day"
        return RateLimited(hold.reason, scope=limit, resets_at=hold.until, model=model, hint=_RECHECK)
    kind = _KEY_ERRORS.get(hold.kind, KeysError)
    return kind(hold.reason, until=hold.until, scope=scope, key_label=key_label, hint=_RECHECK)


_RECHECK = "It is put aside for a while; `orchat keys test` asks the server now."
