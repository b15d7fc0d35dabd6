"""The list of keys: how a row reads, and what is told about the one that is looked at. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.domain.clean import clean_line
from orchat.tui.lines import ACCENT, DIM, ERROR, FAINT, STRONG, YOU, column, gauge
from orchat.tui.standing import (
    active_holds,
    asked,
    back_at,
    barring,
    brief_left,
    cause,
    day_left,
    free_left,
    limit_left,
    limit_reset,
    place,
    report_of_today,
    time_left,
    whose,
)
from orchat.tui.wording import UNKNOWN, plain, seconds, spent, usd

if TYPE_CHECKING:
    from orchat.domain.ledger import UsageRow
    from orchat.errors import OrchatError
    from orchat.keys.lease import KnownKey

_WIDEST, _WIDE, _MEDIUM = 108, 92, 66
_MARK, _PRINT, _PLACE, _COUNT, _LIMIT, _STATE = 3, 11, 9, 9, 18, 24
_BAR = 12
_NAME_MOST = 24
_TITLES = 13
"""Cells of the names in the details."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What came of asking the server about a key on this screen."""

    running: bool = False
    """It was not answered yet."""
    error: OrchatError | None = None
    """Why the key cannot serve, or why nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key and what this screen knows besides."""

    known: KnownKey
    """The key."""
    source: str
    """Where it is kept, as `orchat.keys.lease.Source` names it."""
    rotate_after: int
    """Requests a day after which a new instance takes the next key."""
    is_told: bool = True
    """Whether the server tells about keys at all."""
    check: Check | None = None
    """None when it was not tested here."""
    siblings: tuple[str, ...] = ()
    """Labels of other keys of the same account, which share its limits."""
    bars: bool = True
    """Whether bars may be drawn; else only words."""

    @property
    def is_over(self) -> bool:
        """Whether it has sent more than a new instance would begin with."""
        return self.known.requests_today > self.rotate_after

    def state(self, now: float, room: int) -> tuple[str, str]:
        """The one thing that matters most about it, and its style.

        Args:
            now: Epoch seconds.
            room: Cells; where they are few, time is told by hours or minutes.
        """
        state, hold = self.known.state, barring(self.known, now)
        if self.check is not None and self.check.running:
            return "testing …", DIM
        if state.disabled:
            return "disabled", FAINT
        if hold is not None:
            words = f"{cause(hold.kind)} · {time_left(hold.until, now)}"
            return words if len(words) <= room else f"{cause(hold.kind)} · {brief_left(hold.until, now)}", YOU
        if self.check is not None:
            serves = "in use · serves" if self.known.in_use else "serves"
            return ("does not serve", ERROR) if self.check.error else (serves, ACCENT)
        free = next(iter(active_holds(self.known, now)), None)
        if free is not None:
            return f"free models · {brief_left(free.until, now)}", YOU
        return self._place(), ACCENT if self.known.in_use else DIM

    def _place(self) -> str:
        if self.known.in_use:
            return "in use"
        if self.known.state.is_current:
            return "current"
        return "over today" if self.is_over else "ready"


def header(width: int) -> Content:
    """The names of the columns."""
    line = Content.assemble(" " * _MARK, column(Content("key"), _name_width(width)))
    if width >= _MEDIUM:
        line = Content.assemble(line, "  ", column(Content("fingerprint"), _PRINT))
    if width >= _WIDEST:
        line = Content.assemble(line, "  ", column(Content("kept in"), _PLACE))
    line = Content.assemble(line, column(Content("today"), _COUNT, "right"))
    if width >= _MEDIUM:
        line = Content.assemble(line, " " * (_BAR + 2))
    if width >= _WIDE:
        line = Content.assemble(line, column(Content("limit left"), _LIMIT, "right"))
    return Content.assemble(line, "  state").stylize(f"{STRONG} {DIM}").truncate(width)


def row(key: KeyRow, now: float, width: int) -> Content:
    """One key in one line.

    Args:
        key: The key.
        now: Epoch seconds.
        width: Cells.
    """
    known = key.known
    mark = " ● " if known.in_use else "   "
    label = plain(known.state.label, 60)
    style = FAINT if known.state.disabled else STRONG if known.in_use else ""
    parts: list[Content | str | tuple[str, str]] = [(mark, ACCENT), column(label.stylize(style), _name_width(width))]
    if width >= _MEDIUM:
        parts.extend(("  ", column(Content.styled(known.state.fingerprint, DIM), _PRINT)))
    if width >= _WIDEST:
        parts.extend(("  ", column(Content.styled(place(key.source, short=True), DIM), _PLACE)))
    over = YOU if key.is_over else ""
    parts.append(column(Content.styled(f"{known.requests_today} / {key.rotate_after}", over), _COUNT, "right"))
    if width >= _MEDIUM:
        share = known.requests_today / max(1, key.rotate_after)
        bar = gauge(share, _BAR, style=YOU if key.is_over else ACCENT) if key.bars else " " * _BAR
        parts.extend(("  ", bar))
    if width >= _WIDE:
        parts.append(column(Content.styled(_limit_cell(key, now), DIM), _LIMIT, "right"))
    line = Content.assemble(*parts, "  ")
    words, style = key.state(now, width - line.cell_length)
    return Content.assemble(line, (words, style)).truncate(width, ellipsis=True)


def _limit_cell(key: KeyRow, now: float) -> str:
    report = report_of_today(key.known, now)
    if not key.is_told:
        return ""
    return "none" if report is not None and report.limit_pico is None else limit_left(report)


def _name_width(width: int) -> int:
    taken = _MARK + _COUNT + _STATE
    if width >= _MEDIUM:
        taken += _PRINT + 2 + _BAR + 2
    if width >= _WIDE:
        taken += _LIMIT
    if width >= _WIDEST:
        taken += _PLACE + 2
    return max(8, min(_NAME_MOST, width - taken))


# ---- details ----


def details(key: KeyRow, now: float, width: int) -> Content:
    """All that is known about one key, what presses most first.

    Args:
        key: The key.
        now: Epoch seconds.
        width: Cells.
    """
    state = key.known.state
    about = [state.fingerprint, place(key.source)]
    if key.siblings:
        about.append(f"shares its account's limits with {clean_line(', '.join(key.siblings), 60)}")
    title = Content.assemble(plain(state.label, 60).stylize(STRONG), "  ", (" · ".join(about), DIM))
    lines = [title, *_check_lines(key), *_hold_lines(key, now), _pair("today", _today(key))]
    if key.is_told:
        lines.extend(_their_lines(key, now))
    return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)


def _pair(name: str, words: Content | str, style: str = "") -> Content:
    value = Content.styled(words, style) if isinstance(words, str) else words
    return Content.assemble(column(Content.styled(name, DIM), _TITLES), value)


def _check_lines(key: KeyRow) -> list[Content]:
    if key.check is None or key.check.error is None:
        return []
    return [_pair("tested", plain(key.check.error.message, 300).stylize(ERROR))]


def _hold_lines(key: KeyRow, now: float) -> list[Content]:
    lines = []
    for hold in active_holds(key.known, now):
        concerns = whose(hold)
        who = f" ({concerns})" if concerns else ""
        again = "until it is tested" if hold.until is None else f"again {back_at(hold.until, now)}"
        lines.append(_pair("put aside", f"{cause(hold.kind)}{who}, {again}", YOU))
        lines.append(_pair("", plain(hold.reason, 300).stylize(DIM)))
    return lines


def _today(key: KeyRow) -> Content:
    usage = key.known.usage
    parts = [f"{key.known.requests_today} of {key.rotate_after} requests", *_outcomes(usage)]
    if usage.attempts:
        parts.append(spent(usage))
    return Content.styled(" · ".join(parts), YOU if key.is_over else "")


def _outcomes(usage: UsageRow) -> list[str]:
    counts = (("whole", usage.finished), ("cut", usage.cut), ("failed", usage.failed))
    words = ", ".join(f"{count} {name}" for name, count in counts if count)
    return [words] if words else []


def _their_lines(key: KeyRow, now: float) -> list[Content]:
    report = report_of_today(key.known, now)
    if report is None:
        return [_pair("limit left", f"{UNKNOWN}; a test asks OpenRouter", DIM)]
    limit = ", ".join(part for part in (limit_left(report), limit_reset(report)) if part)
    lines = [_pair("limit left", limit)]
    if report.free_remaining is not None:
        lines.append(
            _pair("free models", f"{free_left(report)} left today, anew in {seconds(day_left(now))}"),
        )
    lines.append(_pair("", f"{asked(report, now)} · {usd(report.usage_daily_pico)} spent today", FAINT))
    return lines


__all__ = ["Check", "KeyRow", "details", "header", "row"]
