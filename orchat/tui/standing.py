"""How a key stands, in words: today's use, what is left of its limits, what puts it aside. Knows no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.tui.wording import DAY_S, HOUR_S, MINUTE_S, UNKNOWN, clock_time, seconds, usd

if TYPE_CHECKING:
    from orchat.keys.lease import KeyLease, KnownKey
    from orchat.store.holds import Hold
    from orchat.store.reports import Report

THEIRS = "OpenRouter"
"""Whose figures a report holds."""
NO_LIMIT = "none of its own"
_SHORT = {"keyring": "keyring", "file": "key file", "process": "until you leave", "env": "env", "given": "this run"}
_LONG = {
    "keyring": "kept in your system's keyring",
    "file": "kept in your key file",
    "process": "used until you leave, kept nowhere",
    "env": "from the environment",
    "given": "given for this run",
}
_OWNERS = {"key": "", "account": "its account", "free": "free models"}
_CAUSES = {
    "KeyRejected": "refused",
    "CreditsExhausted": "no credit left",
    "KeyLimitReached": "limit used up",
    "free_day": "daily limit",
    "RateLimited": "daily limit",
    "free_minute": "minute limit",
    "in_flight": "too many at once",
}


def report_of_today(known: KnownKey | None, now: float) -> Report | None:
    """What the server said of a key on this UTC day; figures of an earlier day say nothing about this one.

    Args:
        known: The key.
        now: Epoch seconds.
    """
    report = None if known is None else known.report
    return report if report is not None and report.at > 0 and report.is_of_today(now) else None


def limit_left(report: Report | None) -> str:
    """What is left of a key's own limit: ``$4.12 of $10.00``; unknown is not nothing."""
    if report is None:
        return UNKNOWN
    if report.limit_pico is None:
        return NO_LIMIT
    left = UNKNOWN if report.limit_remaining_pico is None else usd(max(0, report.limit_remaining_pico))
    return f"{left} of {usd(report.limit_pico)}"


def limit_reset(report: Report | None) -> str:
    """``resets daily``; empty where it never does."""
    if report is None or report.limit_pico is None or report.limit_reset is None:
        return ""
    return f"resets {report.limit_reset}"


def free_left(report: Report | None) -> str:
    """What is left of the day's free requests: ``38 of 50``."""
    if report is None or report.free_remaining is None:
        return UNKNOWN
    left = max(0, report.free_remaining)
    return str(left) if report.free_limit is None else f"{left} of {report.free_limit}"


def day_left(now: float) -> float:
    """Seconds until 00:00 UTC, when the daily figures begin anew.

    Args:
        now: Epoch seconds.
    """
    return DAY_S - now % DAY_S


def asked(report: Report, now: float) -> str:
    """Whose figures these are, and how old: ``OpenRouter, 2 min ago``."""
    age = now - report.at
    if age < MINUTE_S:
        return f"{THEIRS}, just now"
    minutes = int(age // MINUTE_S)
    return f"{THEIRS}, {minutes} min ago" if age < HOUR_S else f"{THEIRS}, {int(age // HOUR_S)} h ago"


# ---- holds ----


def active_holds(known: KnownKey | None, now: float) -> tuple[Hold, ...]:
    """What puts a key aside at this time, what lasts longest first.

    Args:
        known: The key.
        now: Epoch seconds.
    """
    holds = () if known is None else tuple(hold for hold in known.holds if hold.is_active(now))
    return tuple(sorted(holds, key=lambda hold: float("inf") if hold.until is None else hold.until, reverse=True))


def barring(known: KnownKey, now: float) -> Hold | None:
    """What keeps a key from being used at all; a hold on free models does not."""
    return next((hold for hold in active_holds(known, now) if not hold.scope.startswith("free:")), None)


def time_left(until: float | None, now: float) -> str:
    """``4 min 05 s``, ``9 h 12 min``; ``until it is tested`` where nobody knows."""
    return "until it is tested" if until is None else seconds(until - now)


def brief_left(until: float | None, now: float) -> str:
    """As `time_left` in few cells: ``4 min``, ``9 h``."""
    if until is None:
        return "test it"
    left = until - now
    if left < MINUTE_S:
        return seconds(left)
    return f"{left // MINUTE_S:.0f} min" if left < HOUR_S else f"{left // HOUR_S:.0f} h"


def back_at(until: float, now: float) -> str:
    """When something is over, on the clock and counted down: ``at 02:00, in 9 h 12 min``."""
    left = until - now
    if left < HOUR_S:
        return f"in {seconds(left)}"
    return f"at {clock_time(until)}, in {seconds(left)}" if left < DAY_S else f"in {seconds(left)}"


def whose(hold: Hold) -> str:
    """What a hold concerns besides the key itself: ``free models``, ``its account``; empty for the key alone."""
    return _OWNERS.get(hold.scope.partition(":")[0], "")


def cause(kind: str) -> str:
    """Why a key was put aside, in two words; `kind` is that of a hold."""
    return _CAUSES.get(kind, "put aside")


# ---- places ----


def source_of(known: KnownKey, lease: KeyLease | None, kept: str) -> str:
    """Where a key is kept, as `orchat.keys.lease.Source` names it.

    Args:
        known: The key.
        lease: The key of this instance.
        kept: Where kept keys are.
    """
    if known.kept:
        return kept
    if lease is not None and lease.fingerprint == known.state.fingerprint:
        return lease.source
    return "env" if known.state.label == "env" else "given"


def place(source: str, *, short: bool = False) -> str:
    """Where a key is kept, in words."""
    return (_SHORT if short else _LONG).get(source, source)
