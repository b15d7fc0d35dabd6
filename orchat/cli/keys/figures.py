"""A key in words and in JSON: never the key itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchat.cli.table import moment
from orchat.domain.clean import clean_line
from orchat.domain.money import format_usd, to_usd

if TYPE_CHECKING:
    from orchat.errors import OrchatError
    from orchat.keys.lease import KnownKey
    from orchat.store.holds import Hold
    from orchat.store.reports import Report

ACCOUNT_SHOWN = 8
"""Digits of an account's hash that people see."""
_LONGEST_FOREIGN = 40


def state_of(key: KnownKey, now: float) -> str:
    """Whether a key can serve, and why not."""
    if key.state.disabled:
        return "disabled"
    if key.state.is_held(now):
        return f"held: {key.state.held_reason}"
    words = "current" if key.state.is_current else "ready"
    return f"{words}, not for free models" if any(hold.scope.startswith("free:") for hold in key.holds) else words


def until(key: KnownKey, now: float) -> float | None:
    """When a key that is put aside, or its free requests, may be tried again."""
    if key.state.is_held(now):
        return key.state.held_until
    return next((hold.until for hold in key.holds if hold.scope.startswith("free:")), None)


def words_of(report: Report, shared: Sequence[str] = ()) -> list[str]:
    """What the server said about a key, one line for each matter.

    Args:
        report: What it said.
        shared: Labels of other keys of the same account.
    """
    lines = []
    if report.account is not None:
        others = f", shared with {' and '.join(shared)}: one limit for all of them" if shared else ""
        lines.append(f"account {report.account[:ACCOUNT_SHOWN]}{others}")
    lines.append(_limit(report))
    lines.append(f"used {format_usd(report.usage_daily_pico)} today, {format_usd(report.usage_pico)} in all")
    if report.free_limit is not None:
        lines.append(f"free models: {report.free_used} of {report.free_limit} requests today, for the whole account")
    if report.is_free_tier:
        lines.append("the account never bought credits")
    if report.expires_at is not None:
        lines.append(f"expires {clean_line(report.expires_at, _LONGEST_FOREIGN)}")
    return lines


def _limit(report: Report) -> str:
    if report.limit_pico is None:
        return "no limit of its own"
    left = "" if report.limit_remaining_pico is None else f", {format_usd(report.limit_remaining_pico)} left"
    period = "" if report.limit_reset is None else f" {clean_line(report.limit_reset, _LONGEST_FOREIGN)}"
    return f"limit {format_usd(report.limit_pico)}{period}{left}"


def report_object(report: Report | None) -> dict[str, Any] | None:
    """What the server said about a key, for programs."""
    if report is None or not report.at:
        return None
    free = {"used": report.free_used, "limit": report.free_limit, "remaining": report.free_remaining}
    return {
        "at": moment(report.at).raw,
        "limit_usd": _usd(report.limit_pico),
        "limit_remaining_usd": _usd(report.limit_remaining_pico),
        "limit_reset": report.limit_reset,
        "usage_usd": _usd(report.usage_pico),
        "usage_daily_usd": _usd(report.usage_daily_pico),
        "usage_weekly_usd": _usd(report.usage_weekly_pico),
        "usage_monthly_usd": _usd(report.usage_monthly_pico),
        "is_free_tier": report.is_free_tier,
        "expires_at": report.expires_at,
        "free_requests": None if report.free_limit is None else free,
    }


def hold_object(hold: Hold) -> dict[str, Any]:
    """One reason why a key, its account or its free requests are put aside."""
    return {
        "scope": hold.scope.partition(":")[0],
        "kind": hold.kind,
        "reason": hold.reason,
        "source": hold.source,
        "since": moment(hold.since).raw,
        "until": None if hold.until is None else moment(hold.until).raw,
        "times": hold.times,
    }


def error_object(error: OrchatError | None) -> dict[str, Any] | None:
    """An error that belongs to one key."""
    return None if error is None else {"type": error.kind, "message": error.message, "hint": error.hint}


def _usd(pico: int | None) -> Any:
    return None if pico is None else to_usd(pico)
