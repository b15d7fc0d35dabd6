"""What to do about a failed attempt: wait and repeat, ask another model, or stop.

Whom does a failure belong to? A failure of the key or of the request is
never repeated; a failure of the model goes to the next model; a failure of the network or of a provider is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchat.dispatch.backoff import Uniform, full_jitter
from orchat.domain.model_id import is_free_id
from orchat.errors import (
    CircuitOpen,
    ConnectionFailed,
    ContextTooLong,
    ModelUnknown,
    NoEndpoints,
    NotAllowed,
    OrchatError,
    RateLimited,
    TimedOut,
    UpstreamFailed,
)

ASK_ANOTHER_MODEL = (ModelUnknown, NoEndpoints, ContextTooLong, NotAllowed, CircuitOpen)
"""Failures that belong to the model asked: another one of the user's list may well answer."""


SENT_RETRIES = 2
"""Retries where the server answered with a failure: each may be billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Send the same request again."""

    delay_s: float
    """Seconds to wait first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallBack:
    """Ask the next model of the list, at once."""

    to_model: str
    """That model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Give the failure to the caller."""


Decision = Retry | FallBack | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How patient the dispatcher is; from the ``[retry]`` section."""

    unsent_retries: int = 3
    """Retries where no response header had arrived."""
    sent_retries: int = SENT_RETRIES
    """Retries where the server answered with a failure."""
    base_s: float = 0.5
    """Upper bound of the first delay."""
    cap_s: float = 8.0
    """Upper bound of every delay."""
    total_s: float = 60.0
    """No retry begins later than this after the first attempt."""
    retry_after_max_s: float = 60.0
    """The longest ``Retry-After`` that is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a request stands when an attempt fails."""

    model: str
    """The model that was asked."""
    retries: int
    """Retries of this model so far."""
    elapsed_s: float
    """Seconds since the first attempt began."""
    others: tuple[str, ...] = ()
    """Models of the list that were not asked yet."""


def decide(error: OrchatError, standing: Standing, rules: Rules, *, now: float, uniform: Uniform) -> Decision:
    """The next step after a failed attempt.

    Args:
        error: What the attempt failed with.
        standing: What was tried so far.
        rules: How patient to be.
        now: Epoch seconds, for limits that name their reset.
        uniform: Source of chance for the jitter.

    Returns:
        `Retry`, `FallBack` or `Stop`.
    """
    if isinstance(error, RateLimited):
        return _limited(error, standing, rules, now=now, uniform=uniform)
    if isinstance(error, ASK_ANOTHER_MODEL):
        return _next_model(standing.others)
    if isinstance(error, (ConnectionFailed, TimedOut, UpstreamFailed)):
        if error.retryable:
            retry = _again(error, standing, rules, uniform=uniform)
            if retry is not None:
                return retry
        return _next_model(standing.others)
    return Stop()


def _again(
    error: ConnectionFailed | TimedOut | UpstreamFailed, standing: Standing, rules: Rules, *, uniform: Uniform
) -> Retry | None:
    unsent = error.status is None and not error.body_started
    if standing.retries >= (rules.unsent_retries if unsent else rules.sent_retries):
        return None
    told = error.retry_after_s if isinstance(error, UpstreamFailed) else None
    delay = _delay(standing, rules, uniform=uniform) if told is None else told
    return _within(delay, standing, rules)


def _limited(error: RateLimited, standing: Standing, rules: Rules, *, now: float, uniform: Uniform) -> Decision:
    if error.scope == "free_day":
        return _next_model(tuple(model for model in standing.others if not is_free_id(model)))
    if error.scope == "free_minute":
        paid = tuple(model for model in standing.others if not is_free_id(model))
        if paid:
            return FallBack(to_model=paid[0])
    elif error.scope != "in_flight" and standing.others:
        return FallBack(to_model=standing.others[0])
    if standing.retries >= rules.sent_retries:
        return Stop()
    told = error.retry_after_s
    if told is None and error.resets_at is not None:
        told = max(0.0, error.resets_at - now)
    delay = _delay(standing, rules, uniform=uniform) if told is None else told
    return _within(delay, standing, rules, whole=told is not None) or Stop()


def _delay(standing: Standing, rules: Rules, *, uniform: Uniform) -> float:
    return full_jitter(standing.retries + 1, base_s=rules.base_s, cap_s=rules.cap_s, uniform=uniform)


def _within(delay: float, standing: Standing, rules: Rules, *, whole: bool = False) -> Retry | None:
    """A delay that the server named is honoured up to its own limit, ours only within the total."""
    limit = rules.retry_after_max_s if whole else min(rules.retry_after_max_s, rules.total_s - standing.elapsed_s)
    return Retry(delay_s=delay) if delay <= limit else None


def _next_model(others: tuple[str, ...]) -> Decision:
    return FallBack(to_model=others[0]) if others else Stop()
