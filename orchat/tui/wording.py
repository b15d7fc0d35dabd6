"""Figures as people read them. Nothing here knows a widget."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from orchat.domain.clean import clean_line
from orchat.domain.money import Cost, format_usd

if TYPE_CHECKING:
    from orchat.domain.ledger import UsageRow

UNKNOWN = "unknown"
"""Not the same as 0."""
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
_BARS = "▁▂▃▄▅▆▇█"


def plain(text: str, limit: int = 200) -> Content:
    """Foreign text for a place that has one line: no markup, no escape sequence, no newline."""
    return Content(clean_line(text, limit))


def shortened(text: str, width: int) -> str:
    """A file in few words that fits: cut in the middle, because its kind, pixels and bytes stand at the end.

    Args:
        text: On one line.
        width: Cells.
    """
    if cell_len(text) <= width:
        return text
    end = text[-max(0, width // 2) :] if width > 1 else ""
    while cell_len(end) > width // 2:
        end = end[1:]
    room = width - 1 - cell_len(end)
    begin = text[: max(0, room)]
    while cell_len(begin) > room and begin:
        begin = begin[:-1]
    return f"{begin.rstrip()}…{end.lstrip()}" if width > 0 else ""


def tokens(count: int) -> str:
    """``950``, ``12.4k``, ``131k``, ``1.0M``."""
    if count < 1_000:
        return str(count)
    if count < 99_950:
        return f"{count / 1_000:.1f}".removesuffix(".0") + "k"
    if count < 999_500:
        return f"{count / 1_000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def size(count: int) -> str:
    """Bytes: ``812 B``, ``34 kB``, ``1.2 MB``."""
    if count < 1_000:
        return f"{count} B"
    if count < 999_500:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``2 min 05 s``, ``9 h 51 min``, ``3 days``."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02} s"
    if whole < 2 * DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02} min"
    return f"{whole // DAY_S} days"


def seconds(amount: float) -> str:
    """Whole seconds that count up or down: ``4 s``, ``2 min 05 s``."""
    whole = max(0, round(amount))
    return f"{whole} s" if whole < MINUTE_S else duration(whole)


def age(amount: float) -> str:
    """How old something is: ``new``, ``4 min``, ``3 h``, ``2 days``."""
    if amount < MINUTE_S:
        return "new"
    if amount < HOUR_S:
        return f"{int(amount // MINUTE_S)} min"
    if amount < 2 * DAY_S:
        return f"{int(amount // HOUR_S)} h"
    return f"{int(amount // DAY_S)} days"


def clock_time(epoch_s: float) -> str:
    """The local time of day: ``14:02``."""
    return _local(epoch_s).strftime("%H:%M")


def when(epoch_s: float, now: float) -> str:
    """``14:02`` today, ``20 Nov`` this year, else ``2025-11-20``."""
    then, today = _local(epoch_s), _local(now)
    if then.date() == today.date():
        return then.strftime("%H:%M")
    return f"{then.day} {then:%b}" if then.year == today.year else then.strftime("%Y-%m-%d")


def _local(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=timezone.utc).astimezone()


def usd(pico: int) -> str:
    """Money with its zeros grouped: ``$0.000 41``."""
    return format_usd(pico, group=" ")


def cost(amount: Cost) -> str:
    """One request's cost; ``≈`` marks our own estimate."""
    if amount.pico is None:
        return UNKNOWN
    return f"≈ {usd(amount.pico)}" if amount.source == "estimated" else usd(amount.pico)


def spent(row: UsageRow) -> str:
    """A sum over the ledger: ``≈`` when a part is estimated, ``+ ?`` when a part is unknown."""
    if row.unknown_cost and not row.cost_pico:
        return UNKNOWN
    mark = "≈ " if row.estimated_pico else ""
    more = " + ?" if row.unknown_cost else ""
    return f"{mark}{usd(row.cost_pico)}{more}"


def tokens_of(row: UsageRow, count: int) -> str:
    """A number of tokens in a sum over the ledger, marked as `spent` marks money."""
    if row.unknown_tokens and not count:
        return "?"
    mark = "≈ " if row.estimated_tokens else ""
    more = " + ?" if row.unknown_tokens else ""
    return f"{mark}{tokens(count)}{more}"


def per_million(price: Decimal | None) -> str:
    """USD per million tokens in a column: ``0.30``, ``12.00``, ``0.006``; ``?`` when unknown."""
    if price is None:
        return "?"
    if price == 0:
        return "0"
    return f"{price:.2f}" if price >= Decimal("0.01") else f"{price:.2g}"


def speed(count: int, milliseconds: int) -> str:
    """Tokens per second, or nothing when that cannot be told."""
    if count <= 0 or milliseconds <= 0:
        return ""
    rate = count * 1_000 / milliseconds
    return f"{rate:.0f} tok/s" if rate >= 9.5 else f"{rate:.1f} tok/s"


def plural(count: int, noun: str) -> str:
    """``1 turn``, ``2 turns``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short_model(model_id: str) -> str:
    """A model's id without its author."""
    return model_id.rpartition("/")[2] or model_id


def sparkline(values: list[int]) -> str:
    """Bars of one row; a day with anything at all stands above one with nothing."""
    top = max(values, default=0)
    if top <= 0:
        return ""
    return "".join(_BARS[max(1, round(value / top * 7)) if value > 0 else 0] for value in values)


def bar(share: float, width: int) -> tuple[str, str]:
    """A bar: its full and its empty part, which can be told apart without colours."""
    full = round(min(1.0, max(0.0, share)) * width)
    if share > 0 and full == 0:
        full = 1
    return "━" * full, "─" * (width - full)
