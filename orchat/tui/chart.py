"""A chart of days as columns of block characters. Pure functions on `Content`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from textual.content import Content

from orchat.domain.ledger import UsageRow
from orchat.tui.lines import ACCENT, DIM, FAINT, HEAD, LINE, YOU, spread, stack
from orchat.tui.wording import usd

ROWS = 6
"""Lines of the longest column."""
WIDEST = 7
"""Cells of a column with the gap beside it."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One column: some days together."""

    first: str
    """The first of its UTC days, ``YYYY-MM-DD``."""
    days: int
    """How many."""
    cost_pico: int = 0
    """What is known to have been spent."""
    attempts: int = 0
    """Requests sent."""
    is_estimated: bool = False
    """A part of the cost is our own estimate."""
    is_unknown: bool = False
    """Nobody knows what some of it cost."""


def spans(rows: Sequence[UsageRow], first: str, last: str, most: int) -> list[Span]:
    """Every day from the first to the last, those on which nothing was sent too.

    Args:
        rows: Sums by day.
        first: First UTC day, ``YYYY-MM-DD``.
        last: Last one.
        most: Columns there is room for; where there are more days, a column takes several of them.
    """
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    count = max(1, (end - begin).days + 1)
    per = -(-count // max(1, most))
    by_day = {row.group: row for row in rows}
    # The last column ends today, so that it is the first one that may be short.
    starts = [end - timedelta(days=back) for back in reversed(range(per - 1, -(-count // per) * per, per))]
    return [_span(max(start, begin), start + timedelta(days=per - 1), by_day) for start in starts]


def _span(begin: date, end: date, by_day: dict[str, UsageRow]) -> Span:
    days = (end - begin).days + 1
    found = [by_day.get((begin + timedelta(days=number)).isoformat()) for number in range(days)]
    rows = [row for row in found if row is not None]
    return Span(
        first=begin.isoformat(),
        days=days,
        cost_pico=sum(row.cost_pico for row in rows),
        attempts=sum(row.attempts for row in rows),
        is_estimated=any(row.estimated_pico for row in rows),
        is_unknown=any(row.unknown_cost for row in rows),
    )


def chart(columns: Sequence[Span], width: int, rows: int = ROWS) -> Content:
    """Columns over a line with their first and last day; what is estimated or unknown is marked below them.

    Args:
        columns: At least one, as many as `width` has room for.
        width: Cells.
        rows: Lines of the longest column.
    """
    costs = any(column.cost_pico > 0 for column in columns)
    values = [column.cost_pico if costs else column.attempts for column in columns]
    top = max(values)
    per = max(column.days for column in columns)
    days = "DAY" if per == 1 else f"{per} DAYS"
    head = Content.styled(f"{'COST' if costs else 'REQUESTS'} PER {days}", HEAD)
    most = Content.styled(f"most {usd(top) if costs else f'{top:,}'}", DIM)
    cells = max(1, min(WIDEST, width // len(columns)))
    gap = 1 if cells > 2 else 0
    wide = len(columns) * cells - gap
    lines = (
        [spread(head, most if top else Content(""), width), Content("")] if rows > 2 else [spread(head, most, width)]
    )
    heights = [_height(value, top, rows) for value in values]
    for row in reversed(range(rows if top else 0)):
        signs = (_EIGHTHS[max(0, min(8, height - 8 * row))] * (cells - gap) + " " * gap for height in heights)
        lines.append(Content.styled("".join(signs)[:wide], ACCENT))
    lines.append(Content.styled("─" * wide, LINE))
    marks = [_mark(column, cells, costs=costs) for column in columns]
    if any(mark.strip() for mark in marks):
        lines.append(Content.styled("".join(marks).rstrip(), YOU))
    lines.append(
        spread(Content.styled(columns[0].first[5:], DIM), Content.styled("today", DIM), min(width, max(wide, 12)))
    )
    words = (
        ("? not all is known", any(column.is_unknown for column in columns)),
        ("≈ in part estimated", any(column.is_estimated for column in columns)),
    )
    if legend := "   ".join(meaning for meaning, is_so in words if is_so):
        lines.append(Content.styled(legend, FAINT).truncate(width, ellipsis=True))
    return stack(*lines)


def _height(value: int, top: int, rows: int) -> int:
    """Eighths of a line; whatever is more than nothing can be seen."""
    return max(1, round(value * rows * 8 / top)) if value > 0 else 0


def _mark(column: Span, cells: int, *, costs: bool) -> str:
    sign = "?" if column.is_unknown else "≈" if column.is_estimated and costs else " "
    return sign.center(max(1, cells - (1 if cells > 2 else 0))).ljust(cells)
