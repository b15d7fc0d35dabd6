"""Each key today: what it has sent and spent by our books and by OpenRouter's, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchat.cli.table import Cell, Value, moment, money
from orchat.domain.money import format_usd, to_usd

if TYPE_CHECKING:
    from decimal import Decimal

    from orchat.domain.ledger import UsageRow
    from orchat.keys.ring import KnownKey
    from orchat.store.reports import Report

COLUMNS = ("KEY", "TODAY", "COST", "OPENROUTER SAYS", "LIMIT LEFT", "FREE LEFT")
RIGHT = ("TODAY", "COST")
SPARE = ("FREE LEFT", "OPENROUTER SAYS")


def lines(known: Sequence[KnownKey], rotate_after: int, now: float) -> list[tuple[Value, ...]]:
    """One row of a table for each key.

    Args:
        known: The keys.
        rotate_after: Requests a day after which a new instance takes the next key.
        now: Epoch seconds.
    """
    return [
        (
            key.state.label,
            Cell(f"{key.requests_today} / {rotate_after}", str(key.requests_today)),
            cost(key.usage),
            _theirs(key, now),
            _limit_left(key.report, now),
            _free_left(key.report, now),
        )
        for key in known
    ]


def objects(known: Sequence[KnownKey], rotate_after: int, now: float) -> list[dict[str, Any]]:
    """The same for programs; None is unknown.

    Args:
        known: The keys.
        rotate_after: Requests a day after which a new instance takes the next key.
        now: Epoch seconds.
    """
    return [
        {
            "label": key.state.label,
            "fingerprint": key.state.fingerprint,
            "requests": key.requests_today,
            "rotate_after": rotate_after,
            "cost_usd": to_usd(key.usage.cost_pico),
            "estimated_usd": to_usd(key.usage.estimated_pico),
            "unknown_cost": key.usage.unknown_cost,
            "openrouter": _reported(key.report, now),
        }
        for key in known
    ]


def cost(row: UsageRow) -> Cell:
    """What some requests cost: ``≈`` marks what is in part our estimate, and what nobody knows is named apart.

    Args:
        row: Their sums.
    """
    known = money(row.cost_pico, estimated=row.estimated_pico > 0)
    if not row.unknown_cost:
        return known
    unknown = f"{row.unknown_cost} unknown"
    return Cell(f"{known.shown} + {unknown}" if row.cost_pico else unknown, known.raw)


def _theirs(key: KnownKey, now: float) -> Cell | None:
    """OpenRouter's figure of today, where it is not the same as ours."""
    report = key.report
    if report is None or not report.is_of_today(now):
        return None
    same = (
        key.usage.cost_pico == report.usage_daily_pico and not key.usage.estimated_pico and not key.usage.unknown_cost
    )
    theirs = money(report.usage_daily_pico)
    return None if same else Cell(f"{theirs.shown} at {moment(report.at).shown[-5:]} UTC", theirs.raw)


def _limit_left(report: Report | None, now: float) -> Cell:
    if report is None or not report.at:
        return Cell("?", "")
    if report.limit_pico is None or report.limit_remaining_pico is None:
        return Cell("no limit", "")
    reset = f", resets {report.limit_reset}" if report.limit_reset else ""
    day = "" if report.is_of_today(now) else f" (on {moment(report.at).shown[:10]})"
    left = money(report.limit_remaining_pico)
    return Cell(f"{left.shown} of {format_usd(report.limit_pico)}{reset}{day}", left.raw)


def _free_left(report: Report | None, now: float) -> Cell:
    if report is None or not report.is_of_today(now) or report.free_remaining is None:
        return Cell("?", "")
    return Cell(f"{report.free_remaining} of {report.free_limit}", str(report.free_remaining))


def _reported(report: Report | None, now: float) -> dict[str, Any] | None:
    if report is None or not report.at:
        return None
    today = report.is_of_today(now)
    return {
        "at": moment(report.at).raw,
        "usage_today_usd": to_usd(report.usage_daily_pico) if today else None,
        "limit_usd": _usd(report.limit_pico),
        "limit_remaining_usd": _usd(report.limit_remaining_pico),
        "limit_reset": report.limit_reset,
        "free_remaining_today": report.free_remaining if today else None,
        "free_limit": report.free_limit,
    }


def _usd(pico: int | None) -> Decimal | None:
    return None if pico is None else to_usd(pico)
