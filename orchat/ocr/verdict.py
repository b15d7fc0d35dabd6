"""Whom a failure concerns: this page, every page, or nobody in a while. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from orchat.errors import (
    BudgetExceeded,
    CircuitOpen,
    ConnectionFailed,
    KeysError,
    ModelCannotSee,
    ModelUnknown,
    NoEndpoints,
    NotAllowed,
    OrchatError,
    RateLimited,
    StoreError,
    StreamInterrupted,
    TimedOut,
    Unaffordable,
    UpstreamFailed,
    UsageError,
)

AGAIN_S = (1.0, 4.0)
"""Seconds before a page is sent once more, and once more again; the dispatcher has repeated it each time before."""
WAIT_S = 15.0
"""Seconds until the network, or a limit without a date, is tried again."""

_OF_ALL = (
    KeysError,
    BudgetExceeded,
    ModelUnknown,
    ModelCannotSee,
    NoEndpoints,
    NotAllowed,
    Unaffordable,
    StoreError,
    UsageError,
)
_OF_A_WHILE = (UpstreamFailed, TimedOut, StreamInterrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Send the page again; this counts as a try."""

    delay_s: float
    """Seconds to wait first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """It is no fault of the page: wait, and do not count it."""

    delay_s: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """This page cannot be read; the others can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """No page can be read: end the job, to be resumed when the reason is gone."""


Verdict: TypeAlias = Again | Wait | Skip | Stop


def judge(error: OrchatError, *, tries: int, waited_s: float, patience_s: float, now: float) -> Verdict:
    """What to do about a page whose request failed.

    Args:
        error: What it failed with, after all that the dispatcher has tried.
        tries: How often the page was sent, this time included.
        waited_s: Seconds that it has waited in all, for what was no fault of its own.
        patience_s: Seconds after which that is too long.
        now: Epoch seconds.
    """
    if isinstance(error, _OF_ALL):
        return Stop()
    if isinstance(error, (CircuitOpen, ConnectionFailed, RateLimited)):
        delay = _until(error, now)
        return Wait(delay_s=delay) if waited_s + delay <= patience_s else Stop()
    if isinstance(error, _OF_A_WHILE) and tries <= len(AGAIN_S):
        return Again(delay_s=AGAIN_S[tries - 1])
    return Skip()


def _until(error: CircuitOpen | ConnectionFailed | RateLimited, now: float) -> float:
    if isinstance(error, CircuitOpen):
        return max(1.0, error.until - now)
    if isinstance(error, RateLimited):
        told = error.retry_after_s if error.resets_at is None else error.resets_at - now
        return WAIT_S if told is None else max(1.0, told)
    return WAIT_S
