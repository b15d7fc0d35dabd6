"""What the server says about a key, as the store keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.store.reports import Report

if TYPE_CHECKING:
    from orchat.openrouter.account import KeyStatus


def report_of(fingerprint: str, status: KeyStatus, now: float) -> Report:
    """A report to be kept with `orchat.store.reports.put`.

    Args:
        fingerprint: Of the key that was asked about.
        status: What the server said.
        now: Epoch seconds.
    """
    free = status.free_requests
    return Report(
        fingerprint=fingerprint,
        at=now,
        account=status.account,
        limit_pico=status.limit_pico,
        limit_remaining_pico=status.limit_remaining_pico,
        limit_reset=status.limit_reset,
        usage_pico=status.usage_pico,
        usage_daily_pico=status.usage_daily_pico,
        usage_weekly_pico=status.usage_weekly_pico,
        usage_monthly_pico=status.usage_monthly_pico,
        is_free_tier=status.is_free_tier,
        is_management_key=status.is_management_key,
        expires_at=status.expires_at,
        free_used=None if free is None else free.used,
        free_limit=None if free is None else free.limit,
        free_remaining=None if free is None else free.remaining,
    )
